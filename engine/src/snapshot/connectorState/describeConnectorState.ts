import type { ConnectorView } from './connectorView.ts';
import { describeLegacyKafka, LEGACY_KAFKA_STATE } from './legacyKafkaState.ts';
import { describeCommitter, describeSinkWriter, SINK_COMMITTER_STATE, SINK_WRITER_STATE } from './sinkState.ts';
import { describeSourceSplit, SOURCE_READER_STATE } from './sourceState.ts';

/** What an element of operator state says where a connector wrote it; null where it is none, or of a connector that is not known. */
export function describeConnectorElement(state: string, element: Uint8Array): ConnectorView | null {
  switch (state) {
    case SOURCE_READER_STATE:
      return describeSourceSplit(element);
    case SINK_WRITER_STATE:
      return describeSinkWriter(element);
    case SINK_COMMITTER_STATE:
      return describeCommitter(element);
    case LEGACY_KAFKA_STATE:
      return describeLegacyKafka(element);
    default:
      return null;
  }
}
