// Print each new list of a shopper, or of all: node consume.mjs [SHOPPER]
import { randomUUID } from 'node:crypto'
import { Kafka, logLevel } from 'kafkajs'

const broker = process.env.VITRINE_BROKER ?? 'localhost:9092'
const topic = `${process.env.VITRINE_TOPIC_PREFIX ?? ''}recommendations.v1`
const lists = new Map() // shopper to placement to the newest list

function take(shopper, list) {
  if (list === null) return lists.delete(shopper) // a tombstone: forget this shopper
  const own = lists.get(shopper) ?? new Map()
  const known = own.get(list.placement) ?? { epoch: -1 }
  if ((list.epoch - known.epoch || list.revision - known.revision) <= 0) return // it came twice, or too late
  lists.set(shopper, own.set(list.placement, list))
  if (Date.parse(list.valid_until) < Date.now() || ![undefined, shopper].includes(process.argv[2])) return
  const why = list.slots[0]?.reason.text.en ?? 'nothing to list'
  console.log(`${shopper} ${list.placement} ${list.epoch}.${list.revision}: ${list.slots.map((slot) => slot.item).join(', ')} | ${why}`)
}

async function stop(error) {
  if (error) console.error(`${topic} at ${broker}: ${error.message}`)
  await consumer.disconnect().catch(() => {})
  process.exit(error ? 1 : 0)
}

// Each instance keeps the lists in its memory: a group of its own, which commits nothing and reads from the beginning.
const kafka = new Kafka({ clientId: 'storefront', brokers: [broker], logLevel: logLevel.NOTHING, retry: { retries: 3 } })
const consumer = kafka.consumer({ groupId: `storefront-${randomUUID()}`, maxWaitTimeInMs: 100 })
consumer.on(consumer.events.CRASH, ({ payload }) => stop(payload.error)) // let what runs the service start it again
consumer.on(consumer.events.GROUP_JOIN, () => console.log(`listening to ${topic} at ${broker}`))
process.once('SIGINT', () => stop()).once('SIGTERM', () => stop())
await consumer.connect().catch(stop)
await consumer.subscribe({ topic, fromBeginning: true }).catch(stop)
await consumer.run({ autoCommit: false, eachMessage: async ({ message: { key, value } }) => take(`${key}`, JSON.parse(value)) }).catch(stop)
