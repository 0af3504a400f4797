// Reads an AsyncAPI document with the official parser: what it found, as JSON.
import { readFile } from "node:fs/promises";
import { Parser } from "@asyncapi/parser";

const { document, diagnostics } = await new Parser().parse(await readFile(process.argv[2], "utf8"));
const found = diagnostics.map(({ severity, code, path, message }) => ({ severity, code, path: path.join("."), message }));
const channels = document?.allChannels().all().map((channel) => ({
  address: channel.address(),
  messages: channel.messages().all().map((message) => message.id()),
  operations: channel.operations().all().map((operation) => operation.action()),
}));
console.log(JSON.stringify({ diagnostics: found, channels: channels ?? [] }));
