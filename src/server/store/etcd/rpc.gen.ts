// Generated from tools/etcd/etcd.proto by tools/etcd/generate.ts: do not edit.
/* eslint-disable */
import type { GenFile, GenMessage, GenService } from "@bufbuild/protobuf/codegenv2";
import { fileDesc, messageDesc, serviceDesc } from "@bufbuild/protobuf/codegenv2";
import type { Message } from "@bufbuild/protobuf";
export const file_etcd: GenFile = /*@__PURE__*/
  fileDesc("CgpldGNkLnByb3RvEgxldGNkc2VydmVycGIidQoIS2V5VmFsdWUSCwoDa2V5GAEgASgMEhcKD2NyZWF0ZV9yZXZpc2lvbhgCIAEoAxIUCgxtb2RfcmV2aXNpb24YAyABKAMSDwoHdmVyc2lvbhgEIAEoAxINCgV2YWx1ZRgFIAEoDBINCgVsZWFzZRgGIAEoAyJiCgVFdmVudBIMCgR0eXBlGAEgASgFEiIKAmt2GAIgASgLMhYuZXRjZHNlcnZlcnBiLktleVZhbHVlEicKB3ByZXZfa3YYAyABKAsyFi5ldGNkc2VydmVycGIuS2V5VmFsdWUiXAoOUmVzcG9uc2VIZWFkZXISEgoKY2x1c3Rlcl9pZBgBIAEoBBIRCgltZW1iZXJfaWQYAiABKAQSEAoIcmV2aXNpb24YAyABKAMSEQoJcmFmdF90ZXJtGAQgASgEIowBCgxSYW5nZVJlcXVlc3QSCwoDa2V5GAEgASgMEhEKCXJhbmdlX2VuZBgCIAEoDBINCgVsaW1pdBgDIAEoAxIQCghyZXZpc2lvbhgEIAEoAxIUCgxzZXJpYWxpemFibGUYByABKAgSEQoJa2V5c19vbmx5GAggASgIEhIKCmNvdW50X29ubHkYCSABKAgifwoNUmFuZ2VSZXNwb25zZRIsCgZoZWFkZXIYASABKAsyHC5ldGNkc2VydmVycGIuUmVzcG9uc2VIZWFkZXISIwoDa3ZzGAIgAygLMhYuZXRjZHNlcnZlcnBiLktleVZhbHVlEgwKBG1vcmUYAyABKAgSDQoFY291bnQYBCABKAMiNwoKUHV0UmVxdWVzdBILCgNrZXkYASABKAwSDQoFdmFsdWUYAiABKAwSDQoFbGVhc2UYAyABKAMiOwoLUHV0UmVzcG9uc2USLAoGaGVhZGVyGAEgASgLMhwuZXRjZHNlcnZlcnBiLlJlc3BvbnNlSGVhZGVyIjQKEkRlbGV0ZVJhbmdlUmVxdWVzdBILCgNrZXkYASABKAwSEQoJcmFuZ2VfZW5kGAIgASgMIlQKE0RlbGV0ZVJhbmdlUmVzcG9uc2USLAoGaGVhZGVyGAEgASgLMhwuZXRjZHNlcnZlcnBiLlJlc3BvbnNlSGVhZGVyEg8KB2RlbGV0ZWQYAiABKAMivgEKCVJlcXVlc3RPcBIzCg1yZXF1ZXN0X3JhbmdlGAEgASgLMhouZXRjZHNlcnZlcnBiLlJhbmdlUmVxdWVzdEgAEi8KC3JlcXVlc3RfcHV0GAIgASgLMhguZXRjZHNlcnZlcnBiLlB1dFJlcXVlc3RIABJAChRyZXF1ZXN0X2RlbGV0ZV9yYW5nZRgDIAEoCzIgLmV0Y2RzZXJ2ZXJwYi5EZWxldGVSYW5nZVJlcXVlc3RIAEIJCgdyZXF1ZXN0IsYBCgpSZXNwb25zZU9wEjUKDnJlc3BvbnNlX3JhbmdlGAEgASgLMhsuZXRjZHNlcnZlcnBiLlJhbmdlUmVzcG9uc2VIABIxCgxyZXNwb25zZV9wdXQYAiABKAsyGS5ldGNkc2VydmVycGIuUHV0UmVzcG9uc2VIABJCChVyZXNwb25zZV9kZWxldGVfcmFuZ2UYAyABKAsyIS5ldGNkc2VydmVycGIuRGVsZXRlUmFuZ2VSZXNwb25zZUgAQgoKCHJlc3BvbnNlIowBCgdDb21wYXJlEg4KBnJlc3VsdBgBIAEoBRIOCgZ0YXJnZXQYAiABKAUSCwoDa2V5GAMgASgMEhEKB3ZlcnNpb24YBCABKANIABIZCg9jcmVhdGVfcmV2aXNpb24YBSABKANIABIWCgxtb2RfcmV2aXNpb24YBiABKANIAEIOCgx0YXJnZXRfdW5pb24iiAEKClR4blJlcXVlc3QSJgoHY29tcGFyZRgBIAMoCzIVLmV0Y2RzZXJ2ZXJwYi5Db21wYXJlEigKB3N1Y2Nlc3MYAiADKAsyFy5ldGNkc2VydmVycGIuUmVxdWVzdE9wEigKB2ZhaWx1cmUYAyADKAsyFy5ldGNkc2VydmVycGIuUmVxdWVzdE9wInsKC1R4blJlc3BvbnNlEiwKBmhlYWRlchgBIAEoCzIcLmV0Y2RzZXJ2ZXJwYi5SZXNwb25zZUhlYWRlchIRCglzdWNjZWVkZWQYAiABKAgSKwoJcmVzcG9uc2VzGAMgAygLMhguZXRjZHNlcnZlcnBiLlJlc3BvbnNlT3AiNwoRQ29tcGFjdGlvblJlcXVlc3QSEAoIcmV2aXNpb24YASABKAMSEAoIcGh5c2ljYWwYAiABKAgiQgoSQ29tcGFjdGlvblJlc3BvbnNlEiwKBmhlYWRlchgBIAEoCzIcLmV0Y2RzZXJ2ZXJwYi5SZXNwb25zZUhlYWRlciLXAQoMV2F0Y2hSZXF1ZXN0EjoKDmNyZWF0ZV9yZXF1ZXN0GAEgASgLMiAuZXRjZHNlcnZlcnBiLldhdGNoQ3JlYXRlUmVxdWVzdEgAEjoKDmNhbmNlbF9yZXF1ZXN0GAIgASgLMiAuZXRjZHNlcnZlcnBiLldhdGNoQ2FuY2VsUmVxdWVzdEgAEj4KEHByb2dyZXNzX3JlcXVlc3QYAyABKAsyIi5ldGNkc2VydmVycGIuV2F0Y2hQcm9ncmVzc1JlcXVlc3RIAEIPCg1yZXF1ZXN0X3VuaW9uIpoBChJXYXRjaENyZWF0ZVJlcXVlc3QSCwoDa2V5GAEgASgMEhEKCXJhbmdlX2VuZBgCIAEoDBIWCg5zdGFydF9yZXZpc2lvbhgDIAEoAxIXCg9wcm9ncmVzc19ub3RpZnkYBCABKAgSDwoHcHJldl9rdhgGIAEoCBIQCgh3YXRjaF9pZBgHIAEoAxIQCghmcmFnbWVudBgIIAEoCCImChJXYXRjaENhbmNlbFJlcXVlc3QSEAoId2F0Y2hfaWQYASABKAMiFgoUV2F0Y2hQcm9ncmVzc1JlcXVlc3Qi2gEKDVdhdGNoUmVzcG9uc2USLAoGaGVhZGVyGAEgASgLMhwuZXRjZHNlcnZlcnBiLlJlc3BvbnNlSGVhZGVyEhAKCHdhdGNoX2lkGAIgASgDEg8KB2NyZWF0ZWQYAyABKAgSEAoIY2FuY2VsZWQYBCABKAgSGAoQY29tcGFjdF9yZXZpc2lvbhgFIAEoAxIVCg1jYW5jZWxfcmVhc29uGAYgASgJEhAKCGZyYWdtZW50GAcgASgIEiMKBmV2ZW50cxgLIAMoCzITLmV0Y2RzZXJ2ZXJwYi5FdmVudCIsChFMZWFzZUdyYW50UmVxdWVzdBILCgNUVEwYASABKAMSCgoCSUQYAiABKAMiagoSTGVhc2VHcmFudFJlc3BvbnNlEiwKBmhlYWRlchgBIAEoCzIcLmV0Y2RzZXJ2ZXJwYi5SZXNwb25zZUhlYWRlchIKCgJJRBgCIAEoAxILCgNUVEwYAyABKAMSDQoFZXJyb3IYBCABKAkiPwoMQWxhcm1SZXF1ZXN0Eg4KBmFjdGlvbhgBIAEoBRIQCghtZW1iZXJJRBgCIAEoBBINCgVhbGFybRgDIAEoBSIuCgtBbGFybU1lbWJlchIQCghtZW1iZXJJRBgBIAEoBBINCgVhbGFybRgCIAEoBSJoCg1BbGFybVJlc3BvbnNlEiwKBmhlYWRlchgBIAEoCzIcLmV0Y2RzZXJ2ZXJwYi5SZXNwb25zZUhlYWRlchIpCgZhbGFybXMYAiADKAsyGS5ldGNkc2VydmVycGIuQWxhcm1NZW1iZXIiDwoNU3RhdHVzUmVxdWVzdCJvCg5TdGF0dXNSZXNwb25zZRIsCgZoZWFkZXIYASABKAsyHC5ldGNkc2VydmVycGIuUmVzcG9uc2VIZWFkZXISDwoHdmVyc2lvbhgCIAEoCRIOCgZkYlNpemUYAyABKAMSDgoGbGVhZGVyGAQgASgEIhMKEURlZnJhZ21lbnRSZXF1ZXN0IkIKEkRlZnJhZ21lbnRSZXNwb25zZRIsCgZoZWFkZXIYASABKAsyHC5ldGNkc2VydmVycGIuUmVzcG9uc2VIZWFkZXIiEwoRTWVtYmVyTGlzdFJlcXVlc3QiSAoGTWVtYmVyEgoKAklEGAEgASgEEgwKBG5hbWUYAiABKAkSEAoIcGVlclVSTHMYAyADKAkSEgoKY2xpZW50VVJMcxgEIAMoCSJpChJNZW1iZXJMaXN0UmVzcG9uc2USLAoGaGVhZGVyGAEgASgLMhwuZXRjZHNlcnZlcnBiLlJlc3BvbnNlSGVhZGVyEiUKB21lbWJlcnMYAiADKAsyFC5ldGNkc2VydmVycGIuTWVtYmVyMuACCgJLVhJACgVSYW5nZRIaLmV0Y2RzZXJ2ZXJwYi5SYW5nZVJlcXVlc3QaGy5ldGNkc2VydmVycGIuUmFuZ2VSZXNwb25zZRI6CgNQdXQSGC5ldGNkc2VydmVycGIuUHV0UmVxdWVzdBoZLmV0Y2RzZXJ2ZXJwYi5QdXRSZXNwb25zZRJSCgtEZWxldGVSYW5nZRIgLmV0Y2RzZXJ2ZXJwYi5EZWxldGVSYW5nZVJlcXVlc3QaIS5ldGNkc2VydmVycGIuRGVsZXRlUmFuZ2VSZXNwb25zZRI6CgNUeG4SGC5ldGNkc2VydmVycGIuVHhuUmVxdWVzdBoZLmV0Y2RzZXJ2ZXJwYi5UeG5SZXNwb25zZRJMCgdDb21wYWN0Eh8uZXRjZHNlcnZlcnBiLkNvbXBhY3Rpb25SZXF1ZXN0GiAuZXRjZHNlcnZlcnBiLkNvbXBhY3Rpb25SZXNwb25zZTJNCgVXYXRjaBJECgVXYXRjaBIaLmV0Y2RzZXJ2ZXJwYi5XYXRjaFJlcXVlc3QaGy5ldGNkc2VydmVycGIuV2F0Y2hSZXNwb25zZSgBMAEyWAoFTGVhc2USTwoKTGVhc2VHcmFudBIfLmV0Y2RzZXJ2ZXJwYi5MZWFzZUdyYW50UmVxdWVzdBogLmV0Y2RzZXJ2ZXJwYi5MZWFzZUdyYW50UmVzcG9uc2Uy5QEKC01haW50ZW5hbmNlEkAKBUFsYXJtEhouZXRjZHNlcnZlcnBiLkFsYXJtUmVxdWVzdBobLmV0Y2RzZXJ2ZXJwYi5BbGFybVJlc3BvbnNlEkMKBlN0YXR1cxIbLmV0Y2RzZXJ2ZXJwYi5TdGF0dXNSZXF1ZXN0GhwuZXRjZHNlcnZlcnBiLlN0YXR1c1Jlc3BvbnNlEk8KCkRlZnJhZ21lbnQSHy5ldGNkc2VydmVycGIuRGVmcmFnbWVudFJlcXVlc3QaIC5ldGNkc2VydmVycGIuRGVmcmFnbWVudFJlc3BvbnNlMloKB0NsdXN0ZXISTwoKTWVtYmVyTGlzdBIfLmV0Y2RzZXJ2ZXJwYi5NZW1iZXJMaXN0UmVxdWVzdBogLmV0Y2RzZXJ2ZXJwYi5NZW1iZXJMaXN0UmVzcG9uc2ViBnByb3RvMw");
export type KeyValue = Message<"etcdserverpb.KeyValue"> & {
    key: Uint8Array;
    createRevision: bigint;
    modRevision: bigint;
    version: bigint;
    value: Uint8Array;
    lease: bigint;
};
export const KeyValueSchema: GenMessage<KeyValue> = /*@__PURE__*/
  messageDesc(file_etcd, 0);
export type Event = Message<"etcdserverpb.Event"> & {
    type: number;
    kv?: KeyValue | undefined;
    prevKv?: KeyValue | undefined;
};
export const EventSchema: GenMessage<Event> = /*@__PURE__*/
  messageDesc(file_etcd, 1);
export type ResponseHeader = Message<"etcdserverpb.ResponseHeader"> & {
    clusterId: bigint;
    memberId: bigint;
    revision: bigint;
    raftTerm: bigint;
};
export const ResponseHeaderSchema: GenMessage<ResponseHeader> = /*@__PURE__*/
  messageDesc(file_etcd, 2);
export type RangeRequest = Message<"etcdserverpb.RangeRequest"> & {
    key: Uint8Array;
    rangeEnd: Uint8Array;
    limit: bigint;
    revision: bigint;
    serializable: boolean;
    keysOnly: boolean;
    countOnly: boolean;
};
export const RangeRequestSchema: GenMessage<RangeRequest> = /*@__PURE__*/
  messageDesc(file_etcd, 3);
export type RangeResponse = Message<"etcdserverpb.RangeResponse"> & {
    header?: ResponseHeader | undefined;
    kvs: KeyValue[];
    more: boolean;
    count: bigint;
};
export const RangeResponseSchema: GenMessage<RangeResponse> = /*@__PURE__*/
  messageDesc(file_etcd, 4);
export type PutRequest = Message<"etcdserverpb.PutRequest"> & {
    key: Uint8Array;
    value: Uint8Array;
    lease: bigint;
};
export const PutRequestSchema: GenMessage<PutRequest> = /*@__PURE__*/
  messageDesc(file_etcd, 5);
export type PutResponse = Message<"etcdserverpb.PutResponse"> & {
    header?: ResponseHeader | undefined;
};
export const PutResponseSchema: GenMessage<PutResponse> = /*@__PURE__*/
  messageDesc(file_etcd, 6);
export type DeleteRangeRequest = Message<"etcdserverpb.DeleteRangeRequest"> & {
    key: Uint8Array;
    rangeEnd: Uint8Array;
};
export const DeleteRangeRequestSchema: GenMessage<DeleteRangeRequest> = /*@__PURE__*/
  messageDesc(file_etcd, 7);
export type DeleteRangeResponse = Message<"etcdserverpb.DeleteRangeResponse"> & {
    header?: ResponseHeader | undefined;
    deleted: bigint;
};
export const DeleteRangeResponseSchema: GenMessage<DeleteRangeResponse> = /*@__PURE__*/
  messageDesc(file_etcd, 8);
export type RequestOp = Message<"etcdserverpb.RequestOp"> & {
    request: {
        value: RangeRequest;
    case: "requestRange";
  } | {
        value: PutRequest;
    case: "requestPut";
  } | {
        value: DeleteRangeRequest;
    case: "requestDeleteRange";
  } | { case: undefined; value?: undefined };
};
export const RequestOpSchema: GenMessage<RequestOp> = /*@__PURE__*/
  messageDesc(file_etcd, 9);
export type ResponseOp = Message<"etcdserverpb.ResponseOp"> & {
    response: {
        value: RangeResponse;
    case: "responseRange";
  } | {
        value: PutResponse;
    case: "responsePut";
  } | {
        value: DeleteRangeResponse;
    case: "responseDeleteRange";
  } | { case: undefined; value?: undefined };
};
export const ResponseOpSchema: GenMessage<ResponseOp> = /*@__PURE__*/
  messageDesc(file_etcd, 10);
export type Compare = Message<"etcdserverpb.Compare"> & {
    result: number;
    target: number;
    key: Uint8Array;
    targetUnion: {
        value: bigint;
    case: "version";
  } | {
        value: bigint;
    case: "createRevision";
  } | {
        value: bigint;
    case: "modRevision";
  } | { case: undefined; value?: undefined };
};
export const CompareSchema: GenMessage<Compare> = /*@__PURE__*/
  messageDesc(file_etcd, 11);
export type TxnRequest = Message<"etcdserverpb.TxnRequest"> & {
    compare: Compare[];
    success: RequestOp[];
    failure: RequestOp[];
};
export const TxnRequestSchema: GenMessage<TxnRequest> = /*@__PURE__*/
  messageDesc(file_etcd, 12);
export type TxnResponse = Message<"etcdserverpb.TxnResponse"> & {
    header?: ResponseHeader | undefined;
    succeeded: boolean;
    responses: ResponseOp[];
};
export const TxnResponseSchema: GenMessage<TxnResponse> = /*@__PURE__*/
  messageDesc(file_etcd, 13);
export type CompactionRequest = Message<"etcdserverpb.CompactionRequest"> & {
    revision: bigint;
    physical: boolean;
};
export const CompactionRequestSchema: GenMessage<CompactionRequest> = /*@__PURE__*/
  messageDesc(file_etcd, 14);
export type CompactionResponse = Message<"etcdserverpb.CompactionResponse"> & {
    header?: ResponseHeader | undefined;
};
export const CompactionResponseSchema: GenMessage<CompactionResponse> = /*@__PURE__*/
  messageDesc(file_etcd, 15);
export type WatchRequest = Message<"etcdserverpb.WatchRequest"> & {
    requestUnion: {
        value: WatchCreateRequest;
    case: "createRequest";
  } | {
        value: WatchCancelRequest;
    case: "cancelRequest";
  } | {
        value: WatchProgressRequest;
    case: "progressRequest";
  } | { case: undefined; value?: undefined };
};
export const WatchRequestSchema: GenMessage<WatchRequest> = /*@__PURE__*/
  messageDesc(file_etcd, 16);
export type WatchCreateRequest = Message<"etcdserverpb.WatchCreateRequest"> & {
    key: Uint8Array;
    rangeEnd: Uint8Array;
    startRevision: bigint;
    progressNotify: boolean;
    prevKv: boolean;
    watchId: bigint;
    fragment: boolean;
};
export const WatchCreateRequestSchema: GenMessage<WatchCreateRequest> = /*@__PURE__*/
  messageDesc(file_etcd, 17);
export type WatchCancelRequest = Message<"etcdserverpb.WatchCancelRequest"> & {
    watchId: bigint;
};
export const WatchCancelRequestSchema: GenMessage<WatchCancelRequest> = /*@__PURE__*/
  messageDesc(file_etcd, 18);
export type WatchProgressRequest = Message<"etcdserverpb.WatchProgressRequest"> & {
};
export const WatchProgressRequestSchema: GenMessage<WatchProgressRequest> = /*@__PURE__*/
  messageDesc(file_etcd, 19);
export type WatchResponse = Message<"etcdserverpb.WatchResponse"> & {
    header?: ResponseHeader | undefined;
    watchId: bigint;
    created: boolean;
    canceled: boolean;
    compactRevision: bigint;
    cancelReason: string;
    fragment: boolean;
    events: Event[];
};
export const WatchResponseSchema: GenMessage<WatchResponse> = /*@__PURE__*/
  messageDesc(file_etcd, 20);
export type LeaseGrantRequest = Message<"etcdserverpb.LeaseGrantRequest"> & {
    TTL: bigint;
    ID: bigint;
};
export const LeaseGrantRequestSchema: GenMessage<LeaseGrantRequest> = /*@__PURE__*/
  messageDesc(file_etcd, 21);
export type LeaseGrantResponse = Message<"etcdserverpb.LeaseGrantResponse"> & {
    header?: ResponseHeader | undefined;
    ID: bigint;
    TTL: bigint;
    error: string;
};
export const LeaseGrantResponseSchema: GenMessage<LeaseGrantResponse> = /*@__PURE__*/
  messageDesc(file_etcd, 22);
export type AlarmRequest = Message<"etcdserverpb.AlarmRequest"> & {
    action: number;
    memberID: bigint;
    alarm: number;
};
export const AlarmRequestSchema: GenMessage<AlarmRequest> = /*@__PURE__*/
  messageDesc(file_etcd, 23);
export type AlarmMember = Message<"etcdserverpb.AlarmMember"> & {
    memberID: bigint;
    alarm: number;
};
export const AlarmMemberSchema: GenMessage<AlarmMember> = /*@__PURE__*/
  messageDesc(file_etcd, 24);
export type AlarmResponse = Message<"etcdserverpb.AlarmResponse"> & {
    header?: ResponseHeader | undefined;
    alarms: AlarmMember[];
};
export const AlarmResponseSchema: GenMessage<AlarmResponse> = /*@__PURE__*/
  messageDesc(file_etcd, 25);
export type StatusRequest = Message<"etcdserverpb.StatusRequest"> & {
};
export const StatusRequestSchema: GenMessage<StatusRequest> = /*@__PURE__*/
  messageDesc(file_etcd, 26);
export type StatusResponse = Message<"etcdserverpb.StatusResponse"> & {
    header?: ResponseHeader | undefined;
    version: string;
    dbSize: bigint;
    leader: bigint;
};
export const StatusResponseSchema: GenMessage<StatusResponse> = /*@__PURE__*/
  messageDesc(file_etcd, 27);
export type DefragmentRequest = Message<"etcdserverpb.DefragmentRequest"> & {
};
export const DefragmentRequestSchema: GenMessage<DefragmentRequest> = /*@__PURE__*/
  messageDesc(file_etcd, 28);
export type DefragmentResponse = Message<"etcdserverpb.DefragmentResponse"> & {
    header?: ResponseHeader | undefined;
};
export const DefragmentResponseSchema: GenMessage<DefragmentResponse> = /*@__PURE__*/
  messageDesc(file_etcd, 29);
export type MemberListRequest = Message<"etcdserverpb.MemberListRequest"> & {
};
export const MemberListRequestSchema: GenMessage<MemberListRequest> = /*@__PURE__*/
  messageDesc(file_etcd, 30);
export type Member = Message<"etcdserverpb.Member"> & {
    ID: bigint;
    name: string;
    peerURLs: string[];
    clientURLs: string[];
};
export const MemberSchema: GenMessage<Member> = /*@__PURE__*/
  messageDesc(file_etcd, 31);
export type MemberListResponse = Message<"etcdserverpb.MemberListResponse"> & {
    header?: ResponseHeader | undefined;
    members: Member[];
};
export const MemberListResponseSchema: GenMessage<MemberListResponse> = /*@__PURE__*/
  messageDesc(file_etcd, 32);
export const KV: GenService<{
    range: {
    methodKind: "unary";
    input: typeof RangeRequestSchema;
    output: typeof RangeResponseSchema;
  },
    put: {
    methodKind: "unary";
    input: typeof PutRequestSchema;
    output: typeof PutResponseSchema;
  },
    deleteRange: {
    methodKind: "unary";
    input: typeof DeleteRangeRequestSchema;
    output: typeof DeleteRangeResponseSchema;
  },
    txn: {
    methodKind: "unary";
    input: typeof TxnRequestSchema;
    output: typeof TxnResponseSchema;
  },
    compact: {
    methodKind: "unary";
    input: typeof CompactionRequestSchema;
    output: typeof CompactionResponseSchema;
  },
}> = /*@__PURE__*/
  serviceDesc(file_etcd, 0);
export const Watch: GenService<{
    watch: {
    methodKind: "bidi_streaming";
    input: typeof WatchRequestSchema;
    output: typeof WatchResponseSchema;
  },
}> = /*@__PURE__*/
  serviceDesc(file_etcd, 1);
export const Lease: GenService<{
    leaseGrant: {
    methodKind: "unary";
    input: typeof LeaseGrantRequestSchema;
    output: typeof LeaseGrantResponseSchema;
  },
}> = /*@__PURE__*/
  serviceDesc(file_etcd, 2);
export const Maintenance: GenService<{
    alarm: {
    methodKind: "unary";
    input: typeof AlarmRequestSchema;
    output: typeof AlarmResponseSchema;
  },
    status: {
    methodKind: "unary";
    input: typeof StatusRequestSchema;
    output: typeof StatusResponseSchema;
  },
    defragment: {
    methodKind: "unary";
    input: typeof DefragmentRequestSchema;
    output: typeof DefragmentResponseSchema;
  },
}> = /*@__PURE__*/
  serviceDesc(file_etcd, 3);
export const Cluster: GenService<{
    memberList: {
    methodKind: "unary";
    input: typeof MemberListRequestSchema;
    output: typeof MemberListResponseSchema;
  },
}> = /*@__PURE__*/
  serviceDesc(file_etcd, 4);
