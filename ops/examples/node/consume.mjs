// Keep the newest list of each shopper and placement; print what is new: node consume.mjs [SHOPPER]
import { randomUUID } from 'node:crypto'
import { Kafka, logLevel } from 'kafkajs'

const broker = process.env.VITRINE_BROKER ?? 'localhost:9092'
const topic = `${process.env.VITRINE_TOPIC_PREFIX ?? ''}recommendations.v1`
const HALF_AN_HOUR = 30 * 60 * 1000 // how long a list is valid
const lists = new Map() // shopper to placement to list

// What a page calls.  Undefined: there is no valid list, show bestsellers.
function current(shopper, placement) {
  const list = lists.get(shopper)?.get(placement)
  return list && Date.parse(list.valid_until) > Date.now() ? list : undefined
}

function take(shopper, list) {
  if (list === null) return lists.delete(shopper) // a tombstone: forget this shopper
  const own = lists.get(shopper) ?? new Map()
  const known = own.get(list.placement) ?? { epoch: -1 }
  if ((list.epoch - known.epoch || list.revision - known.revision) <= 0) return // it came twice, or too late
  lists.set(shopper, own.set(list.placement, list))
  if (current(shopper, list.placement) && [undefined, shopper].includes(process.argv[2])) print(list)
}

function print({ shopper, placement, epoch, revision, slots }) {
  const why = slots[0]?.reason.text ?? { en: 'nothing to list' }
  const items = slots.map((slot) => slot.item).join(', ')
  console.log(`${shopper} ${placement} ${epoch}.${revision}: ${items} | ${why.en ?? why.zh}`)
}

// Each instance keeps every list in its memory, so it is a group of its own, and commits nothing: when it starts, it
// reads the lists that may still be valid.  kafkajs reads committed records only.
const kafka = new Kafka({ clientId: 'storefront', brokers: [broker], logLevel: logLevel.NOTHING, retry: { retries: 3 } })
const consumer = kafka.consumer({ groupId: `storefront-${randomUUID()}`, maxWaitTimeInMs: 100 })
const admin = kafka.admin()

async function stop(error) {
  if (error) console.error(`${topic} at ${broker}: ${error.message}`)
  await Promise.allSettled([consumer.disconnect(), admin.disconnect()])
  process.exit(error ? 1 : 0)
}

process.once('SIGINT', () => stop()).once('SIGTERM', () => stop())
consumer.on(consumer.events.CRASH, ({ payload }) => stop(payload.error)) // let what runs the service start it again
try {
  await Promise.all([consumer.connect(), admin.connect()])
  const offsets = await admin.fetchTopicOffsetsByTimestamp(topic, Date.now() - HALF_AN_HOUR)
  await consumer.subscribe({ topic })
  await consumer.run({ autoCommit: false, eachMessage: async ({ message: { key, value } }) => take(`${key}`, JSON.parse(value)) })
  for (const offset of offsets) consumer.seek({ topic, ...offset })
  console.log(`listening to ${topic} at ${broker}`)
} catch (error) {
  await stop(error)
}
