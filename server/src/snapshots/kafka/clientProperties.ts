/** How a cluster of Kafka is reached. */
export interface KafkaConnection {
  /** `host:port`. */
  readonly brokers: readonly string[];
  readonly sasl: { readonly mechanism: SaslMechanism; readonly username: string; readonly password: string } | null;
  /** Null for connections in the clear. Certificates are PEM text. */
  readonly tls: {
    readonly ca: string | null;
    readonly cert: string | null;
    readonly key: string | null;
    readonly passphrase: string | null;
    readonly checksHostName: boolean;
  } | null;
}

type SaslMechanism = (typeof SASL_MECHANISMS)[number];

const SASL_MECHANISMS = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'] as const;
const PROTOCOLS = ['PLAINTEXT', 'SSL', 'SASL_PLAINTEXT', 'SASL_SSL'];

/** A cluster cannot be asked: says which property is in the way, or what the cluster answers. */
export class KafkaError extends Error {
  override readonly name = 'KafkaError';
}

/** `host:port,host:port`, without security. @throws KafkaError */
export function parseBrokers(text: string): readonly string[] {
  const brokers = text.split(',').map((part) => part.trim());
  const strange = brokers.find((broker) => !/^(?:[^\s:/,]+|\[[0-9a-fA-F:.]+\]):\d{1,5}$/.test(broker));
  if (strange !== undefined) throw new KafkaError(`${JSON.stringify(strange)} is not a broker: host:port is needed`);
  return brokers;
}

/**
 * The properties of Kafka's own clients, as far as they say how a cluster is reached: `bootstrap.servers`, `security.protocol`, `sasl.*`,
 * and certificates in PEM. What else is there is for consumers and producers. `read` reads a file that a property names.
 * @throws KafkaError
 */
export async function readClientProperties(text: string, read: (path: string) => Promise<string>): Promise<KafkaConnection> {
  const properties = parseProperties(text);
  const servers = properties.get('bootstrap.servers');
  if (servers === undefined) throw new KafkaError('bootstrap.servers is missing');
  const protocol = (properties.get('security.protocol') ?? 'PLAINTEXT').toUpperCase();
  if (!PROTOCOLS.includes(protocol)) throw new KafkaError(`security.protocol ${protocol} is none of ${PROTOCOLS.join(', ')}`);
  return {
    brokers: parseBrokers(servers),
    sasl: protocol.startsWith('SASL') ? saslOf(properties) : null,
    tls: protocol.endsWith('SSL') ? await tlsOf(properties, read) : null,
  };
}

type Properties = ReadonlyMap<string, string>;

function saslOf(properties: Properties): KafkaConnection['sasl'] {
  const mechanism = properties.get('sasl.mechanism') ?? 'GSSAPI';
  const known = SASL_MECHANISMS.find((each) => each === mechanism);
  if (known === undefined) throw new KafkaError(`sasl.mechanism ${mechanism} is not known here; there are ${SASL_MECHANISMS.join(', ')}`);
  const jaas = properties.get('sasl.jaas.config') ?? '';
  const given = (name: string): string => {
    const [, quoted, bare] = new RegExp(`\\b${name}\\s*=\\s*(?:"((?:[^"\\\\]|\\\\.)*)"|([^\\s;"]+))`).exec(jaas) ?? [];
    const value = quoted?.replaceAll(/\\(.)/g, '$1') ?? bare;
    if (value === undefined) throw new KafkaError(`sasl.jaas.config has no ${name}`);
    return value;
  };
  return { mechanism: known, username: given('username'), password: given('password') };
}

async function tlsOf(properties: Properties, read: (path: string) => Promise<string>): Promise<KafkaConnection['tls']> {
  for (const store of ['ssl.truststore', 'ssl.keystore']) {
    const type = (properties.get(`${store}.type`) ?? 'JKS').toUpperCase();
    if (properties.has(`${store}.location`) && type !== 'PEM')
      throw new KafkaError(`${store}.type ${type} is not read here: use certificates in PEM, with ${store}.type=PEM`);
  }
  const file = async (name: string): Promise<string | null> => {
    const path = properties.get(name);
    return path === undefined ? null : read(path);
  };
  const keystore = await file('ssl.keystore.location');
  return {
    ca: properties.get('ssl.truststore.certificates') ?? (await file('ssl.truststore.location')),
    cert: properties.get('ssl.keystore.certificate.chain') ?? keystore,
    key: properties.get('ssl.keystore.key') ?? keystore,
    passphrase: properties.get('ssl.key.password') ?? null,
    checksHostName: properties.get('ssl.endpoint.identification.algorithm') !== '',
  };
}

/** As `java.util.Properties` loads them. */
function parseProperties(text: string): Properties {
  const properties = new Map<string, string>();
  // An odd number of backslashes at its end continues a line; what the next one begins with is left out.
  const logical = text.replaceAll(/^[ \t\f]*[#!].*$/gm, '').replaceAll(/((?:^|[^\\])(?:\\\\)*)\\\r?\n[ \t\f]*/g, '$1');
  for (const line of logical.split(/\r?\n|\r/)) {
    const [, key, value] = /^[ \t\f]*((?:[^\\:= \t\f]|\\.)+)(?:[ \t\f]*[:=]|[ \t\f])?[ \t\f]*(.*)$/.exec(line) ?? [];
    if (key !== undefined && value !== undefined) properties.set(unescaped(key), unescaped(value));
  }
  return properties;
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', f: '\f' };

function unescaped(text: string): string {
  return text.replaceAll(/\\(?:u([0-9a-fA-F]{4})|(.))/g, (_whole, unit: string | undefined, letter: string | undefined) =>
    unit === undefined ? (ESCAPES[letter ?? ''] ?? letter ?? '') : String.fromCharCode(Number.parseInt(unit, 16)),
  );
}
