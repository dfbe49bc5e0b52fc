/** What decoders throw for input that is wrong; the server answers BadRequest with the message. */

/** Text that is no JSON, or more than we read. */
export class JsonError extends Error {}

/** Text that is no YAML, or more than we read. */
export class YamlError extends Error {}

/** Bytes that are no protobuf message of the expected type. */
export class ProtobufError extends Error {}

/** A value of the wrong type for its field, in upstream's words. */
export class DecodeError extends Error {}
