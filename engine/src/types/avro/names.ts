/** What Avro takes for a name of a record, field, enum or symbol. */
export const AVRO_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** The namespace of records and enums that no Java class is named for. */
export const AVRO_NAMESPACE = 'tidemark';
