export interface KafkaPropertiesOptions {
  readonly port: number
  readonly controllerPort: number
  readonly logDir: string
  readonly overrides: Readonly<Record<string, string>>
}

/** server.properties of a single node that is broker and controller. */
export function kafkaProperties({ port, controllerPort, logDir, overrides }: KafkaPropertiesOptions): string {
  const properties: Record<string, string> = {
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${port}`,
    'controller.listener.names': 'CONTROLLER',
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'inter.broker.listener.name': 'PLAINTEXT',
    // Properties files take the backslash of a Windows path for an escape; Java takes slashes everywhere.
    'log.dirs': logDir.replaceAll('\\', '/'),
    'offsets.topic.replication.factor': '1',
    'offsets.topic.num.partitions': '8',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    'transaction.state.log.num.partitions': '8',
    'share.coordinator.state.topic.replication.factor': '1',
    'share.coordinator.state.topic.min.isr': '1',
    // A transaction left open by a killed worker ends soon after its timeout, not up to ten seconds later.
    'transaction.abort.timed.out.transaction.cleanup.interval.ms': '1000',
    // A broker that comes back after SIGKILL has to wait for the end of its old session; the default is nine seconds.
    'broker.session.timeout.ms': '4000',
    'broker.heartbeat.interval.ms': '500',
    'group.initial.rebalance.delay.ms': '0',
    'group.min.session.timeout.ms': '1000',
    // A mistyped topic name must fail, not make a topic.
    'auto.create.topics.enable': 'false',
    'num.network.threads': '2',
    'num.io.threads': '4',
    // The default takes 128 MB of the heap for good.
    'log.cleaner.dedupe.buffer.size': '33554432',
    ...overrides,
  }
  return Object.entries(properties)
    .map(([key, value]) => `${key}=${value}\n`)
    .join('')
}

export const LOG4J2_XML = `<Configuration>
  <Appenders>
    <Console name="C"><PatternLayout pattern="%d %p %m (%c)%n"/></Console>
  </Appenders>
  <Loggers>
    <Root level="WARN"><AppenderRef ref="C"/></Root>
  </Loggers>
</Configuration>
`
