// Generated from tools/kms/kms.proto by tools/kms/generate.ts: do not edit.
/* eslint-disable */
import type { GenFile, GenMessage, GenService } from "@bufbuild/protobuf/codegenv2";
import { fileDesc, messageDesc, serviceDesc } from "@bufbuild/protobuf/codegenv2";
import type { Message } from "@bufbuild/protobuf";
export const file_kms: GenFile = /*@__PURE__*/
  fileDesc("CglrbXMucHJvdG8SAnYyIg8KDVN0YXR1c1JlcXVlc3QiQgoOU3RhdHVzUmVzcG9uc2USDwoHdmVyc2lvbhgBIAEoCRIPCgdoZWFsdGh6GAIgASgJEg4KBmtleV9pZBgDIAEoCSKvAQoORGVjcnlwdFJlcXVlc3QSEgoKY2lwaGVydGV4dBgBIAEoDBILCgN1aWQYAiABKAkSDgoGa2V5X2lkGAMgASgJEjgKC2Fubm90YXRpb25zGAQgAygLMiMudjIuRGVjcnlwdFJlcXVlc3QuQW5ub3RhdGlvbnNFbnRyeRoyChBBbm5vdGF0aW9uc0VudHJ5EgsKA2tleRgBIAEoCRINCgV2YWx1ZRgCIAEoDDoCOAEiJAoPRGVjcnlwdFJlc3BvbnNlEhEKCXBsYWludGV4dBgBIAEoDCIwCg5FbmNyeXB0UmVxdWVzdBIRCglwbGFpbnRleHQYASABKAwSCwoDdWlkGAIgASgJIqQBCg9FbmNyeXB0UmVzcG9uc2USEgoKY2lwaGVydGV4dBgBIAEoDBIOCgZrZXlfaWQYAiABKAkSOQoLYW5ub3RhdGlvbnMYAyADKAsyJC52Mi5FbmNyeXB0UmVzcG9uc2UuQW5ub3RhdGlvbnNFbnRyeRoyChBBbm5vdGF0aW9uc0VudHJ5EgsKA2tleRgBIAEoCRINCgV2YWx1ZRgCIAEoDDoCOAEi4gEKD0VuY3J5cHRlZE9iamVjdBIVCg1lbmNyeXB0ZWREYXRhGAEgASgMEg0KBWtleUlEGAIgASgJEhoKEmVuY3J5cHRlZERFS1NvdXJjZRgDIAEoDBI5Cgthbm5vdGF0aW9ucxgEIAMoCzIkLnYyLkVuY3J5cHRlZE9iamVjdC5Bbm5vdGF0aW9uc0VudHJ5Eh4KFmVuY3J5cHRlZERFS1NvdXJjZVR5cGUYBSABKAUaMgoQQW5ub3RhdGlvbnNFbnRyeRILCgNrZXkYASABKAkSDQoFdmFsdWUYAiABKAw6AjgBMrUBChRLZXlNYW5hZ2VtZW50U2VydmljZRIxCgZTdGF0dXMSES52Mi5TdGF0dXNSZXF1ZXN0GhIudjIuU3RhdHVzUmVzcG9uc2UiABI0CgdEZWNyeXB0EhIudjIuRGVjcnlwdFJlcXVlc3QaEy52Mi5EZWNyeXB0UmVzcG9uc2UiABI0CgdFbmNyeXB0EhIudjIuRW5jcnlwdFJlcXVlc3QaEy52Mi5FbmNyeXB0UmVzcG9uc2UiAGIGcHJvdG8z");
export type StatusRequest = Message<"v2.StatusRequest"> & {
};
export const StatusRequestSchema: GenMessage<StatusRequest> = /*@__PURE__*/
  messageDesc(file_kms, 0);
export type StatusResponse = Message<"v2.StatusResponse"> & {
    version: string;
    healthz: string;
    keyId: string;
};
export const StatusResponseSchema: GenMessage<StatusResponse> = /*@__PURE__*/
  messageDesc(file_kms, 1);
export type DecryptRequest = Message<"v2.DecryptRequest"> & {
    ciphertext: Uint8Array;
    uid: string;
    keyId: string;
    annotations: { [key: string]: Uint8Array };
};
export const DecryptRequestSchema: GenMessage<DecryptRequest> = /*@__PURE__*/
  messageDesc(file_kms, 2);
export type DecryptResponse = Message<"v2.DecryptResponse"> & {
    plaintext: Uint8Array;
};
export const DecryptResponseSchema: GenMessage<DecryptResponse> = /*@__PURE__*/
  messageDesc(file_kms, 3);
export type EncryptRequest = Message<"v2.EncryptRequest"> & {
    plaintext: Uint8Array;
    uid: string;
};
export const EncryptRequestSchema: GenMessage<EncryptRequest> = /*@__PURE__*/
  messageDesc(file_kms, 4);
export type EncryptResponse = Message<"v2.EncryptResponse"> & {
    ciphertext: Uint8Array;
    keyId: string;
    annotations: { [key: string]: Uint8Array };
};
export const EncryptResponseSchema: GenMessage<EncryptResponse> = /*@__PURE__*/
  messageDesc(file_kms, 5);
export type EncryptedObject = Message<"v2.EncryptedObject"> & {
    encryptedData: Uint8Array;
    keyID: string;
    encryptedDEKSource: Uint8Array;
    annotations: { [key: string]: Uint8Array };
    encryptedDEKSourceType: number;
};
export const EncryptedObjectSchema: GenMessage<EncryptedObject> = /*@__PURE__*/
  messageDesc(file_kms, 6);
export const KeyManagementService: GenService<{
    status: {
    methodKind: "unary";
    input: typeof StatusRequestSchema;
    output: typeof StatusResponseSchema;
  },
    decrypt: {
    methodKind: "unary";
    input: typeof DecryptRequestSchema;
    output: typeof DecryptResponseSchema;
  },
    encrypt: {
    methodKind: "unary";
    input: typeof EncryptRequestSchema;
    output: typeof EncryptResponseSchema;
  },
}> = /*@__PURE__*/
  serviceDesc(file_kms, 0);
