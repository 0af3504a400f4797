// Send a click: node produce.mjs SHOPPER ITEM [EVENT-ID]
import { randomUUID } from 'node:crypto'
import { Kafka, logLevel } from 'kafkajs'

// Name an event where it happens, and keep the name whenever you send it again: then it counts once.
const [shopper, item, id = randomUUID()] = process.argv.slice(2)
if (!item) {
  console.error('usage: node produce.mjs SHOPPER ITEM [EVENT-ID]')
  process.exit(2)
}
const broker = process.env.VITRINE_BROKER ?? 'localhost:9092'
const topic = `${process.env.VITRINE_TOPIC_PREFIX ?? ''}clicks.v1`
const click = { kind: 'click', shopper, item, at: new Date().toISOString() }

const kafka = new Kafka({ clientId: 'storefront', brokers: [broker], logLevel: logLevel.NOTHING, retry: { retries: 3 } })
const producer = kafka.producer({ maxInFlightRequests: 1 }) // kafkajs 2 puts a key where Java does: murmur2
try {
  await producer.connect()
  const messages = [{ key: shopper, value: JSON.stringify(click), headers: { ce_id: id } }]
  const [{ partition, baseOffset }] = await producer.send({ topic, messages, acks: -1 }) // -1: all replicas
  console.log(`${topic} partition ${partition} offset ${baseOffset}: ${shopper} clicked ${item}, event ${id}`)
} catch (error) {
  console.error(`${topic} at ${broker}: ${error.message}`)
  process.exitCode = 1
} finally {
  await producer.disconnect()
}
