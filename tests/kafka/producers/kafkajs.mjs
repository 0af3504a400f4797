// Send the records on standard input, a JSON object with key, value and id on each line, as kafkajs does by default.
import { text } from 'node:stream/consumers'
import { Kafka, logLevel } from 'kafkajs'

const [broker, topic] = process.argv.slice(2)
const lines = (await text(process.stdin)).trim().split('\n').map((line) => JSON.parse(line))
const messages = lines.map(({ key, value, id }) => ({ key, value, headers: { ce_id: id } }))
const producer = new Kafka({ brokers: [broker], logLevel: logLevel.NOTHING }).producer()
await producer.connect()
await producer.send({ topic, messages })
await producer.disconnect()
