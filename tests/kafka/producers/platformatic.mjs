// Send the records on standard input, a JSON object with key, value and id on each line, as @platformatic/kafka does by
// default, or with its partitioner for the compatible: node platformatic.mjs BROKER TOPIC [compatible]
import { text } from 'node:stream/consumers'
import { compatibilityPartitioner, Producer, stringSerializers } from '@platformatic/kafka'

const [broker, topic, compatible] = process.argv.slice(2)
const lines = (await text(process.stdin)).trim().split('\n').map((line) => JSON.parse(line))
const messages = lines.map(({ key, value, id }) => ({ topic, key, value, headers: { ce_id: id } }))
const producer = new Producer({
  clientId: 'test',
  bootstrapBrokers: [broker],
  serializers: stringSerializers,
  ...(compatible && { partitioner: compatibilityPartitioner }),
})
await producer.send({ messages })
await producer.close()
