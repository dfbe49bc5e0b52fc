// Generated from tools/cri/cri.proto by tools/cri/generate.ts: do not edit.
/* eslint-disable */
import type { GenFile, GenMessage, GenService } from "@bufbuild/protobuf/codegenv2";
import { fileDesc, messageDesc, serviceDesc } from "@bufbuild/protobuf/codegenv2";
import type { Message } from "@bufbuild/protobuf";
export const file_cri: GenFile = /*@__PURE__*/
  fileDesc("CgljcmkucHJvdG8SCnJ1bnRpbWUudjEiIQoOVmVyc2lvblJlcXVlc3QSDwoHdmVyc2lvbhgBIAEoCSJuCg9WZXJzaW9uUmVzcG9uc2USDwoHdmVyc2lvbhgBIAEoCRIUCgxydW50aW1lX25hbWUYAiABKAkSFwoPcnVudGltZV92ZXJzaW9uGAMgASgJEhsKE3J1bnRpbWVfYXBpX3ZlcnNpb24YBCABKAkiXQoUUnVuUG9kU2FuZGJveFJlcXVlc3QSLAoGY29uZmlnGAEgASgLMhwucnVudGltZS52MS5Qb2RTYW5kYm94Q29uZmlnEhcKD3J1bnRpbWVfaGFuZGxlchgCIAEoCSLbAwoQUG9kU2FuZGJveENvbmZpZxIwCghtZXRhZGF0YRgBIAEoCzIeLnJ1bnRpbWUudjEuUG9kU2FuZGJveE1ldGFkYXRhEhAKCGhvc3RuYW1lGAIgASgJEhUKDWxvZ19kaXJlY3RvcnkYAyABKAkSKQoKZG5zX2NvbmZpZxgEIAEoCzIVLnJ1bnRpbWUudjEuRE5TQ29uZmlnEi4KDXBvcnRfbWFwcGluZ3MYBSADKAsyFy5ydW50aW1lLnYxLlBvcnRNYXBwaW5nEjgKBmxhYmVscxgGIAMoCzIoLnJ1bnRpbWUudjEuUG9kU2FuZGJveENvbmZpZy5MYWJlbHNFbnRyeRJCCgthbm5vdGF0aW9ucxgHIAMoCzItLnJ1bnRpbWUudjEuUG9kU2FuZGJveENvbmZpZy5Bbm5vdGF0aW9uc0VudHJ5EjAKBWxpbnV4GAggASgLMiEucnVudGltZS52MS5MaW51eFBvZFNhbmRib3hDb25maWcaLQoLTGFiZWxzRW50cnkSCwoDa2V5GAEgASgJEg0KBXZhbHVlGAIgASgJOgI4ARoyChBBbm5vdGF0aW9uc0VudHJ5EgsKA2tleRgBIAEoCRINCgV2YWx1ZRgCIAEoCToCOAEiUwoSUG9kU2FuZGJveE1ldGFkYXRhEgwKBG5hbWUYASABKAkSCwoDdWlkGAIgASgJEhEKCW5hbWVzcGFjZRgDIAEoCRIPCgdhdHRlbXB0GAQgASgNIj8KCUROU0NvbmZpZxIPCgdzZXJ2ZXJzGAEgAygJEhAKCHNlYXJjaGVzGAIgAygJEg8KB29wdGlvbnMYAyADKAkiWwoLUG9ydE1hcHBpbmcSEAoIcHJvdG9jb2wYASABKAUSFgoOY29udGFpbmVyX3BvcnQYAiABKAUSEQoJaG9zdF9wb3J0GAMgASgFEg8KB2hvc3RfaXAYBCABKAki0QIKFUxpbnV4UG9kU2FuZGJveENvbmZpZxIVCg1jZ3JvdXBfcGFyZW50GAEgASgJEkEKEHNlY3VyaXR5X2NvbnRleHQYAiABKAsyJy5ydW50aW1lLnYxLkxpbnV4U2FuZGJveFNlY3VyaXR5Q29udGV4dBI/CgdzeXNjdGxzGAMgAygLMi4ucnVudGltZS52MS5MaW51eFBvZFNhbmRib3hDb25maWcuU3lzY3Rsc0VudHJ5EjUKCG92ZXJoZWFkGAQgASgLMiMucnVudGltZS52MS5MaW51eENvbnRhaW5lclJlc291cmNlcxI2CglyZXNvdXJjZXMYBSABKAsyIy5ydW50aW1lLnYxLkxpbnV4Q29udGFpbmVyUmVzb3VyY2VzGi4KDFN5c2N0bHNFbnRyeRILCgNrZXkYASABKAkSDQoFdmFsdWUYAiABKAk6AjgBIvsCChtMaW51eFNhbmRib3hTZWN1cml0eUNvbnRleHQSNgoRbmFtZXNwYWNlX29wdGlvbnMYASABKAsyGy5ydW50aW1lLnYxLk5hbWVzcGFjZU9wdGlvbhIrCgtydW5fYXNfdXNlchgDIAEoCzIWLnJ1bnRpbWUudjEuSW50NjRWYWx1ZRIsCgxydW5fYXNfZ3JvdXAYCCABKAsyFi5ydW50aW1lLnYxLkludDY0VmFsdWUSFwoPcmVhZG9ubHlfcm9vdGZzGAQgASgIEhsKE3N1cHBsZW1lbnRhbF9ncm91cHMYBSADKAMSIgoac3VwcGxlbWVudGFsX2dyb3Vwc19wb2xpY3kYCyABKAUSEgoKcHJpdmlsZWdlZBgGIAEoCBIsCgdzZWNjb21wGAkgASgLMhsucnVudGltZS52MS5TZWN1cml0eVByb2ZpbGUSLQoIYXBwYXJtb3IYCiABKAsyGy5ydW50aW1lLnYxLlNlY3VyaXR5UHJvZmlsZSKCAQoPTmFtZXNwYWNlT3B0aW9uEg8KB25ldHdvcmsYASABKAUSCwoDcGlkGAIgASgFEgsKA2lwYxgDIAEoBRIRCgl0YXJnZXRfaWQYBCABKAkSMQoOdXNlcm5zX29wdGlvbnMYBSABKAsyGS5ydW50aW1lLnYxLlVzZXJOYW1lc3BhY2UiZwoNVXNlck5hbWVzcGFjZRIMCgRtb2RlGAEgASgFEiMKBHVpZHMYAiADKAsyFS5ydW50aW1lLnYxLklETWFwcGluZxIjCgRnaWRzGAMgAygLMhUucnVudGltZS52MS5JRE1hcHBpbmciQgoJSURNYXBwaW5nEg8KB2hvc3RfaWQYASABKA0SFAoMY29udGFpbmVyX2lkGAIgASgNEg4KBmxlbmd0aBgDIAEoDSIbCgpJbnQ2NFZhbHVlEg0KBXZhbHVlGAEgASgDIj4KD1NlY3VyaXR5UHJvZmlsZRIUCgxwcm9maWxlX3R5cGUYASABKAUSFQoNbG9jYWxob3N0X3JlZhgCIAEoCSLLAgoXTGludXhDb250YWluZXJSZXNvdXJjZXMSEgoKY3B1X3BlcmlvZBgBIAEoAxIRCgljcHVfcXVvdGEYAiABKAMSEgoKY3B1X3NoYXJlcxgDIAEoAxIdChVtZW1vcnlfbGltaXRfaW5fYnl0ZXMYBCABKAMSFQoNb29tX3Njb3JlX2FkahgFIAEoAxITCgtjcHVzZXRfY3B1cxgGIAEoCRITCgtjcHVzZXRfbWVtcxgHIAEoCRJBCgd1bmlmaWVkGAkgAygLMjAucnVudGltZS52MS5MaW51eENvbnRhaW5lclJlc291cmNlcy5VbmlmaWVkRW50cnkSIgoabWVtb3J5X3N3YXBfbGltaXRfaW5fYnl0ZXMYCiABKAMaLgoMVW5pZmllZEVudHJ5EgsKA2tleRgBIAEoCRINCgV2YWx1ZRgCIAEoCToCOAEiLwoVUnVuUG9kU2FuZGJveFJlc3BvbnNlEhYKDnBvZF9zYW5kYm94X2lkGAEgASgJIi8KFVN0b3BQb2RTYW5kYm94UmVxdWVzdBIWCg5wb2Rfc2FuZGJveF9pZBgBIAEoCSIYChZTdG9wUG9kU2FuZGJveFJlc3BvbnNlIjEKF1JlbW92ZVBvZFNhbmRib3hSZXF1ZXN0EhYKDnBvZF9zYW5kYm94X2lkGAEgASgJIhoKGFJlbW92ZVBvZFNhbmRib3hSZXNwb25zZSJCChdQb2RTYW5kYm94U3RhdHVzUmVxdWVzdBIWCg5wb2Rfc2FuZGJveF9pZBgBIAEoCRIPCgd2ZXJib3NlGAIgASgIIoACChhQb2RTYW5kYm94U3RhdHVzUmVzcG9uc2USLAoGc3RhdHVzGAEgASgLMhwucnVudGltZS52MS5Qb2RTYW5kYm94U3RhdHVzEjwKBGluZm8YAiADKAsyLi5ydW50aW1lLnYxLlBvZFNhbmRib3hTdGF0dXNSZXNwb25zZS5JbmZvRW50cnkSOAoTY29udGFpbmVyc19zdGF0dXNlcxgDIAMoCzIbLnJ1bnRpbWUudjEuQ29udGFpbmVyU3RhdHVzEhEKCXRpbWVzdGFtcBgEIAEoAxorCglJbmZvRW50cnkSCwoDa2V5GAEgASgJEg0KBXZhbHVlGAIgASgJOgI4ASLVAwoQUG9kU2FuZGJveFN0YXR1cxIKCgJpZBgBIAEoCRIwCghtZXRhZGF0YRgCIAEoCzIeLnJ1bnRpbWUudjEuUG9kU2FuZGJveE1ldGFkYXRhEg0KBXN0YXRlGAMgASgFEhIKCmNyZWF0ZWRfYXQYBCABKAMSNAoHbmV0d29yaxgFIAEoCzIjLnJ1bnRpbWUudjEuUG9kU2FuZGJveE5ldHdvcmtTdGF0dXMSMAoFbGludXgYBiABKAsyIS5ydW50aW1lLnYxLkxpbnV4UG9kU2FuZGJveFN0YXR1cxI4CgZsYWJlbHMYByADKAsyKC5ydW50aW1lLnYxLlBvZFNhbmRib3hTdGF0dXMuTGFiZWxzRW50cnkSQgoLYW5ub3RhdGlvbnMYCCADKAsyLS5ydW50aW1lLnYxLlBvZFNhbmRib3hTdGF0dXMuQW5ub3RhdGlvbnNFbnRyeRIXCg9ydW50aW1lX2hhbmRsZXIYCSABKAkaLQoLTGFiZWxzRW50cnkSCwoDa2V5GAEgASgJEg0KBXZhbHVlGAIgASgJOgI4ARoyChBBbm5vdGF0aW9uc0VudHJ5EgsKA2tleRgBIAEoCRINCgV2YWx1ZRgCIAEoCToCOAEiUAoXUG9kU2FuZGJveE5ldHdvcmtTdGF0dXMSCgoCaXAYASABKAkSKQoOYWRkaXRpb25hbF9pcHMYAiADKAsyES5ydW50aW1lLnYxLlBvZElQIhMKBVBvZElQEgoKAmlwGAEgASgJIkIKFUxpbnV4UG9kU2FuZGJveFN0YXR1cxIpCgpuYW1lc3BhY2VzGAEgASgLMhUucnVudGltZS52MS5OYW1lc3BhY2UiOQoJTmFtZXNwYWNlEiwKB29wdGlvbnMYAiABKAsyGy5ydW50aW1lLnYxLk5hbWVzcGFjZU9wdGlvbiKeBQoPQ29udGFpbmVyU3RhdHVzEgoKAmlkGAEgASgJEi8KCG1ldGFkYXRhGAIgASgLMh0ucnVudGltZS52MS5Db250YWluZXJNZXRhZGF0YRINCgVzdGF0ZRgDIAEoBRISCgpjcmVhdGVkX2F0GAQgASgDEhIKCnN0YXJ0ZWRfYXQYBSABKAMSEwoLZmluaXNoZWRfYXQYBiABKAMSEQoJZXhpdF9jb2RlGAcgASgFEiQKBWltYWdlGAggASgLMhUucnVudGltZS52MS5JbWFnZVNwZWMSEQoJaW1hZ2VfcmVmGAkgASgJEg4KBnJlYXNvbhgKIAEoCRIPCgdtZXNzYWdlGAsgASgJEjcKBmxhYmVscxgMIAMoCzInLnJ1bnRpbWUudjEuQ29udGFpbmVyU3RhdHVzLkxhYmVsc0VudHJ5EkEKC2Fubm90YXRpb25zGA0gAygLMiwucnVudGltZS52MS5Db250YWluZXJTdGF0dXMuQW5ub3RhdGlvbnNFbnRyeRIhCgZtb3VudHMYDiADKAsyES5ydW50aW1lLnYxLk1vdW50EhAKCGxvZ19wYXRoGA8gASgJEjEKCXJlc291cmNlcxgQIAEoCzIeLnJ1bnRpbWUudjEuQ29udGFpbmVyUmVzb3VyY2VzEhAKCGltYWdlX2lkGBEgASgJEicKBHVzZXIYEiABKAsyGS5ydW50aW1lLnYxLkNvbnRhaW5lclVzZXISEwoLc3RvcF9zaWduYWwYEyABKAUaLQoLTGFiZWxzRW50cnkSCwoDa2V5GAEgASgJEg0KBXZhbHVlGAIgASgJOgI4ARoyChBBbm5vdGF0aW9uc0VudHJ5EgsKA2tleRgBIAEoCRINCgV2YWx1ZRgCIAEoCToCOAEiMgoRQ29udGFpbmVyTWV0YWRhdGESDAoEbmFtZRgBIAEoCRIPCgdhdHRlbXB0GAIgASgNItUBCglJbWFnZVNwZWMSDQoFaW1hZ2UYASABKAkSOwoLYW5ub3RhdGlvbnMYAiADKAsyJi5ydW50aW1lLnYxLkltYWdlU3BlYy5Bbm5vdGF0aW9uc0VudHJ5EhwKFHVzZXJfc3BlY2lmaWVkX2ltYWdlGBIgASgJEhcKD3J1bnRpbWVfaGFuZGxlchgTIAEoCRIRCglpbWFnZV9yZWYYFCABKAkaMgoQQW5ub3RhdGlvbnNFbnRyeRILCgNrZXkYASABKAkSDQoFdmFsdWUYAiABKAk6AjgBIo4CCgVNb3VudBIWCg5jb250YWluZXJfcGF0aBgBIAEoCRIRCglob3N0X3BhdGgYAiABKAkSEAoIcmVhZG9ubHkYAyABKAgSEwoLcHJvcGFnYXRpb24YBSABKAUSKwoMdWlkX21hcHBpbmdzGAYgAygLMhUucnVudGltZS52MS5JRE1hcHBpbmcSKwoMZ2lkX21hcHBpbmdzGAcgAygLMhUucnVudGltZS52MS5JRE1hcHBpbmcSGwoTcmVjdXJzaXZlX3JlYWRfb25seRgIIAEoCBIkCgVpbWFnZRgJIAEoCzIVLnJ1bnRpbWUudjEuSW1hZ2VTcGVjEhYKDmltYWdlX3N1Yl9wYXRoGAogASgJIkgKEkNvbnRhaW5lclJlc291cmNlcxIyCgVsaW51eBgBIAEoCzIjLnJ1bnRpbWUudjEuTGludXhDb250YWluZXJSZXNvdXJjZXMiPgoNQ29udGFpbmVyVXNlchItCgVsaW51eBgBIAEoCzIeLnJ1bnRpbWUudjEuTGludXhDb250YWluZXJVc2VyIksKEkxpbnV4Q29udGFpbmVyVXNlchILCgN1aWQYASABKAMSCwoDZ2lkGAIgASgDEhsKE3N1cHBsZW1lbnRhbF9ncm91cHMYAyADKAMiRQoVTGlzdFBvZFNhbmRib3hSZXF1ZXN0EiwKBmZpbHRlchgBIAEoCzIcLnJ1bnRpbWUudjEuUG9kU2FuZGJveEZpbHRlciLOAQoQUG9kU2FuZGJveEZpbHRlchIKCgJpZBgBIAEoCRIvCgVzdGF0ZRgCIAEoCzIgLnJ1bnRpbWUudjEuUG9kU2FuZGJveFN0YXRlVmFsdWUSRwoObGFiZWxfc2VsZWN0b3IYAyADKAsyLy5ydW50aW1lLnYxLlBvZFNhbmRib3hGaWx0ZXIuTGFiZWxTZWxlY3RvckVudHJ5GjQKEkxhYmVsU2VsZWN0b3JFbnRyeRILCgNrZXkYASABKAkSDQoFdmFsdWUYAiABKAk6AjgBIiUKFFBvZFNhbmRib3hTdGF0ZVZhbHVlEg0KBXN0YXRlGAEgASgFIj8KFkxpc3RQb2RTYW5kYm94UmVzcG9uc2USJQoFaXRlbXMYASADKAsyFi5ydW50aW1lLnYxLlBvZFNhbmRib3gi2wIKClBvZFNhbmRib3gSCgoCaWQYASABKAkSMAoIbWV0YWRhdGEYAiABKAsyHi5ydW50aW1lLnYxLlBvZFNhbmRib3hNZXRhZGF0YRINCgVzdGF0ZRgDIAEoBRISCgpjcmVhdGVkX2F0GAQgASgDEjIKBmxhYmVscxgFIAMoCzIiLnJ1bnRpbWUudjEuUG9kU2FuZGJveC5MYWJlbHNFbnRyeRI8Cgthbm5vdGF0aW9ucxgGIAMoCzInLnJ1bnRpbWUudjEuUG9kU2FuZGJveC5Bbm5vdGF0aW9uc0VudHJ5EhcKD3J1bnRpbWVfaGFuZGxlchgHIAEoCRotCgtMYWJlbHNFbnRyeRILCgNrZXkYASABKAkSDQoFdmFsdWUYAiABKAk6AjgBGjIKEEFubm90YXRpb25zRW50cnkSCwoDa2V5GAEgASgJEg0KBXZhbHVlGAIgASgJOgI4ASKTAQoWQ3JlYXRlQ29udGFpbmVyUmVxdWVzdBIWCg5wb2Rfc2FuZGJveF9pZBgBIAEoCRIrCgZjb25maWcYAiABKAsyGy5ydW50aW1lLnYxLkNvbnRhaW5lckNvbmZpZxI0Cg5zYW5kYm94X2NvbmZpZxgDIAEoCzIcLnJ1bnRpbWUudjEuUG9kU2FuZGJveENvbmZpZyLvBAoPQ29udGFpbmVyQ29uZmlnEi8KCG1ldGFkYXRhGAEgASgLMh0ucnVudGltZS52MS5Db250YWluZXJNZXRhZGF0YRIkCgVpbWFnZRgCIAEoCzIVLnJ1bnRpbWUudjEuSW1hZ2VTcGVjEg8KB2NvbW1hbmQYAyADKAkSDAoEYXJncxgEIAMoCRITCgt3b3JraW5nX2RpchgFIAEoCRIiCgRlbnZzGAYgAygLMhQucnVudGltZS52MS5LZXlWYWx1ZRIhCgZtb3VudHMYByADKAsyES5ydW50aW1lLnYxLk1vdW50EiMKB2RldmljZXMYCCADKAsyEi5ydW50aW1lLnYxLkRldmljZRI3CgZsYWJlbHMYCSADKAsyJy5ydW50aW1lLnYxLkNvbnRhaW5lckNvbmZpZy5MYWJlbHNFbnRyeRJBCgthbm5vdGF0aW9ucxgKIAMoCzIsLnJ1bnRpbWUudjEuQ29udGFpbmVyQ29uZmlnLkFubm90YXRpb25zRW50cnkSEAoIbG9nX3BhdGgYCyABKAkSDQoFc3RkaW4YDCABKAgSEgoKc3RkaW5fb25jZRgNIAEoCBILCgN0dHkYDiABKAgSLwoFbGludXgYDyABKAsyIC5ydW50aW1lLnYxLkxpbnV4Q29udGFpbmVyQ29uZmlnEhMKC3N0b3Bfc2lnbmFsGBIgASgFGi0KC0xhYmVsc0VudHJ5EgsKA2tleRgBIAEoCRINCgV2YWx1ZRgCIAEoCToCOAEaMgoQQW5ub3RhdGlvbnNFbnRyeRILCgNrZXkYASABKAkSDQoFdmFsdWUYAiABKAk6AjgBIiYKCEtleVZhbHVlEgsKA2tleRgBIAEoCRINCgV2YWx1ZRgCIAEoDCJICgZEZXZpY2USFgoOY29udGFpbmVyX3BhdGgYASABKAkSEQoJaG9zdF9wYXRoGAIgASgJEhMKC3Blcm1pc3Npb25zGAMgASgJIpMBChRMaW51eENvbnRhaW5lckNvbmZpZxI2CglyZXNvdXJjZXMYASABKAsyIy5ydW50aW1lLnYxLkxpbnV4Q29udGFpbmVyUmVzb3VyY2VzEkMKEHNlY3VyaXR5X2NvbnRleHQYAiABKAsyKS5ydW50aW1lLnYxLkxpbnV4Q29udGFpbmVyU2VjdXJpdHlDb250ZXh0Iu8DCh1MaW51eENvbnRhaW5lclNlY3VyaXR5Q29udGV4dBIsCgxjYXBhYmlsaXRpZXMYASABKAsyFi5ydW50aW1lLnYxLkNhcGFiaWxpdHkSEgoKcHJpdmlsZWdlZBgCIAEoCBI2ChFuYW1lc3BhY2Vfb3B0aW9ucxgDIAEoCzIbLnJ1bnRpbWUudjEuTmFtZXNwYWNlT3B0aW9uEisKC3J1bl9hc191c2VyGAUgASgLMhYucnVudGltZS52MS5JbnQ2NFZhbHVlEiwKDHJ1bl9hc19ncm91cBgMIAEoCzIWLnJ1bnRpbWUudjEuSW50NjRWYWx1ZRIXCg9yZWFkb25seV9yb290ZnMYByABKAgSGwoTc3VwcGxlbWVudGFsX2dyb3VwcxgIIAMoAxIiChpzdXBwbGVtZW50YWxfZ3JvdXBzX3BvbGljeRgRIAEoBRIUCgxub19uZXdfcHJpdnMYCyABKAgSFAoMbWFza2VkX3BhdGhzGA0gAygJEhYKDnJlYWRvbmx5X3BhdGhzGA4gAygJEiwKB3NlY2NvbXAYDyABKAsyGy5ydW50aW1lLnYxLlNlY3VyaXR5UHJvZmlsZRItCghhcHBhcm1vchgQIAEoCzIbLnJ1bnRpbWUudjEuU2VjdXJpdHlQcm9maWxlImMKCkNhcGFiaWxpdHkSGAoQYWRkX2NhcGFiaWxpdGllcxgBIAMoCRIZChFkcm9wX2NhcGFiaWxpdGllcxgCIAMoCRIgChhhZGRfYW1iaWVudF9jYXBhYmlsaXRpZXMYAyADKAkiLwoXQ3JlYXRlQ29udGFpbmVyUmVzcG9uc2USFAoMY29udGFpbmVyX2lkGAEgASgJIi0KFVN0YXJ0Q29udGFpbmVyUmVxdWVzdBIUCgxjb250YWluZXJfaWQYASABKAkiGAoWU3RhcnRDb250YWluZXJSZXNwb25zZSI9ChRTdG9wQ29udGFpbmVyUmVxdWVzdBIUCgxjb250YWluZXJfaWQYASABKAkSDwoHdGltZW91dBgCIAEoAyIXChVTdG9wQ29udGFpbmVyUmVzcG9uc2UiLgoWUmVtb3ZlQ29udGFpbmVyUmVxdWVzdBIUCgxjb250YWluZXJfaWQYASABKAkiGQoXUmVtb3ZlQ29udGFpbmVyUmVzcG9uc2UiRAoVTGlzdENvbnRhaW5lcnNSZXF1ZXN0EisKBmZpbHRlchgBIAEoCzIbLnJ1bnRpbWUudjEuQ29udGFpbmVyRmlsdGVyIuMBCg9Db250YWluZXJGaWx0ZXISCgoCaWQYASABKAkSLgoFc3RhdGUYAiABKAsyHy5ydW50aW1lLnYxLkNvbnRhaW5lclN0YXRlVmFsdWUSFgoOcG9kX3NhbmRib3hfaWQYAyABKAkSRgoObGFiZWxfc2VsZWN0b3IYBCADKAsyLi5ydW50aW1lLnYxLkNvbnRhaW5lckZpbHRlci5MYWJlbFNlbGVjdG9yRW50cnkaNAoSTGFiZWxTZWxlY3RvckVudHJ5EgsKA2tleRgBIAEoCRINCgV2YWx1ZRgCIAEoCToCOAEiJAoTQ29udGFpbmVyU3RhdGVWYWx1ZRINCgVzdGF0ZRgBIAEoBSJDChZMaXN0Q29udGFpbmVyc1Jlc3BvbnNlEikKCmNvbnRhaW5lcnMYASADKAsyFS5ydW50aW1lLnYxLkNvbnRhaW5lciKhAwoJQ29udGFpbmVyEgoKAmlkGAEgASgJEhYKDnBvZF9zYW5kYm94X2lkGAIgASgJEi8KCG1ldGFkYXRhGAMgASgLMh0ucnVudGltZS52MS5Db250YWluZXJNZXRhZGF0YRIkCgVpbWFnZRgEIAEoCzIVLnJ1bnRpbWUudjEuSW1hZ2VTcGVjEhEKCWltYWdlX3JlZhgFIAEoCRINCgVzdGF0ZRgGIAEoBRISCgpjcmVhdGVkX2F0GAcgASgDEjEKBmxhYmVscxgIIAMoCzIhLnJ1bnRpbWUudjEuQ29udGFpbmVyLkxhYmVsc0VudHJ5EjsKC2Fubm90YXRpb25zGAkgAygLMiYucnVudGltZS52MS5Db250YWluZXIuQW5ub3RhdGlvbnNFbnRyeRIQCghpbWFnZV9pZBgKIAEoCRotCgtMYWJlbHNFbnRyeRILCgNrZXkYASABKAkSDQoFdmFsdWUYAiABKAk6AjgBGjIKEEFubm90YXRpb25zRW50cnkSCwoDa2V5GAEgASgJEg0KBXZhbHVlGAIgASgJOgI4ASI/ChZDb250YWluZXJTdGF0dXNSZXF1ZXN0EhQKDGNvbnRhaW5lcl9pZBgBIAEoCRIPCgd2ZXJib3NlGAIgASgIIrABChdDb250YWluZXJTdGF0dXNSZXNwb25zZRIrCgZzdGF0dXMYASABKAsyGy5ydW50aW1lLnYxLkNvbnRhaW5lclN0YXR1cxI7CgRpbmZvGAIgAygLMi0ucnVudGltZS52MS5Db250YWluZXJTdGF0dXNSZXNwb25zZS5JbmZvRW50cnkaKwoJSW5mb0VudHJ5EgsKA2tleRgBIAEoCRINCgV2YWx1ZRgCIAEoCToCOAEi8gEKH1VwZGF0ZUNvbnRhaW5lclJlc291cmNlc1JlcXVlc3QSFAoMY29udGFpbmVyX2lkGAEgASgJEjIKBWxpbnV4GAIgASgLMiMucnVudGltZS52MS5MaW51eENvbnRhaW5lclJlc291cmNlcxJRCgthbm5vdGF0aW9ucxgEIAMoCzI8LnJ1bnRpbWUudjEuVXBkYXRlQ29udGFpbmVyUmVzb3VyY2VzUmVxdWVzdC5Bbm5vdGF0aW9uc0VudHJ5GjIKEEFubm90YXRpb25zRW50cnkSCwoDa2V5GAEgASgJEg0KBXZhbHVlGAIgASgJOgI4ASIiCiBVcGRhdGVDb250YWluZXJSZXNvdXJjZXNSZXNwb25zZSIxChlSZW9wZW5Db250YWluZXJMb2dSZXF1ZXN0EhQKDGNvbnRhaW5lcl9pZBgBIAEoCSIcChpSZW9wZW5Db250YWluZXJMb2dSZXNwb25zZSJFCg9FeGVjU3luY1JlcXVlc3QSFAoMY29udGFpbmVyX2lkGAEgASgJEgsKA2NtZBgCIAMoCRIPCgd0aW1lb3V0GAMgASgDIkUKEEV4ZWNTeW5jUmVzcG9uc2USDgoGc3Rkb3V0GAEgASgMEg4KBnN0ZGVychgCIAEoDBIRCglleGl0X2NvZGUYAyABKAUibAoLRXhlY1JlcXVlc3QSFAoMY29udGFpbmVyX2lkGAEgASgJEgsKA2NtZBgCIAMoCRILCgN0dHkYAyABKAgSDQoFc3RkaW4YBCABKAgSDgoGc3Rkb3V0GAUgASgIEg4KBnN0ZGVychgGIAEoCCIbCgxFeGVjUmVzcG9uc2USCwoDdXJsGAEgASgJImEKDUF0dGFjaFJlcXVlc3QSFAoMY29udGFpbmVyX2lkGAEgASgJEg0KBXN0ZGluGAIgASgIEgsKA3R0eRgDIAEoCBIOCgZzdGRvdXQYBCABKAgSDgoGc3RkZXJyGAUgASgIIh0KDkF0dGFjaFJlc3BvbnNlEgsKA3VybBgBIAEoCSI6ChJQb3J0Rm9yd2FyZFJlcXVlc3QSFgoOcG9kX3NhbmRib3hfaWQYASABKAkSDAoEcG9ydBgCIAMoBSIiChNQb3J0Rm9yd2FyZFJlc3BvbnNlEgsKA3VybBgBIAEoCSJNChlMaXN0Q29udGFpbmVyU3RhdHNSZXF1ZXN0EjAKBmZpbHRlchgBIAEoCzIgLnJ1bnRpbWUudjEuQ29udGFpbmVyU3RhdHNGaWx0ZXIivQEKFENvbnRhaW5lclN0YXRzRmlsdGVyEgoKAmlkGAEgASgJEhYKDnBvZF9zYW5kYm94X2lkGAIgASgJEksKDmxhYmVsX3NlbGVjdG9yGAMgAygLMjMucnVudGltZS52MS5Db250YWluZXJTdGF0c0ZpbHRlci5MYWJlbFNlbGVjdG9yRW50cnkaNAoSTGFiZWxTZWxlY3RvckVudHJ5EgsKA2tleRgBIAEoCRINCgV2YWx1ZRgCIAEoCToCOAEiRwoaTGlzdENvbnRhaW5lclN0YXRzUmVzcG9uc2USKQoFc3RhdHMYASADKAsyGi5ydW50aW1lLnYxLkNvbnRhaW5lclN0YXRzIsYBCg5Db250YWluZXJTdGF0cxIzCgphdHRyaWJ1dGVzGAEgASgLMh8ucnVudGltZS52MS5Db250YWluZXJBdHRyaWJ1dGVzEiEKA2NwdRgCIAEoCzIULnJ1bnRpbWUudjEuQ3B1VXNhZ2USJwoGbWVtb3J5GAMgASgLMhcucnVudGltZS52MS5NZW1vcnlVc2FnZRIzCg53cml0YWJsZV9sYXllchgEIAEoCzIbLnJ1bnRpbWUudjEuRmlsZXN5c3RlbVVzYWdlIrkCChNDb250YWluZXJBdHRyaWJ1dGVzEgoKAmlkGAEgASgJEi8KCG1ldGFkYXRhGAIgASgLMh0ucnVudGltZS52MS5Db250YWluZXJNZXRhZGF0YRI7CgZsYWJlbHMYAyADKAsyKy5ydW50aW1lLnYxLkNvbnRhaW5lckF0dHJpYnV0ZXMuTGFiZWxzRW50cnkSRQoLYW5ub3RhdGlvbnMYBCADKAsyMC5ydW50aW1lLnYxLkNvbnRhaW5lckF0dHJpYnV0ZXMuQW5ub3RhdGlvbnNFbnRyeRotCgtMYWJlbHNFbnRyeRILCgNrZXkYASABKAkSDQoFdmFsdWUYAiABKAk6AjgBGjIKEEFubm90YXRpb25zRW50cnkSCwoDa2V5GAEgASgJEg0KBXZhbHVlGAIgASgJOgI4ASKKAQoIQ3B1VXNhZ2USEQoJdGltZXN0YW1wGAEgASgDEjgKF3VzYWdlX2NvcmVfbmFub19zZWNvbmRzGAIgASgLMhcucnVudGltZS52MS5VSW50NjRWYWx1ZRIxChB1c2FnZV9uYW5vX2NvcmVzGAMgASgLMhcucnVudGltZS52MS5VSW50NjRWYWx1ZSIcCgtVSW50NjRWYWx1ZRINCgV2YWx1ZRgBIAEoBCLCAgoLTWVtb3J5VXNhZ2USEQoJdGltZXN0YW1wGAEgASgDEjIKEXdvcmtpbmdfc2V0X2J5dGVzGAIgASgLMhcucnVudGltZS52MS5VSW50NjRWYWx1ZRIwCg9hdmFpbGFibGVfYnl0ZXMYAyABKAsyFy5ydW50aW1lLnYxLlVJbnQ2NFZhbHVlEiwKC3VzYWdlX2J5dGVzGAQgASgLMhcucnVudGltZS52MS5VSW50NjRWYWx1ZRIqCglyc3NfYnl0ZXMYBSABKAsyFy5ydW50aW1lLnYxLlVJbnQ2NFZhbHVlEiwKC3BhZ2VfZmF1bHRzGAYgASgLMhcucnVudGltZS52MS5VSW50NjRWYWx1ZRIyChFtYWpvcl9wYWdlX2ZhdWx0cxgHIAEoCzIXLnJ1bnRpbWUudjEuVUludDY0VmFsdWUisAEKD0ZpbGVzeXN0ZW1Vc2FnZRIRCgl0aW1lc3RhbXAYASABKAMSLwoFZnNfaWQYAiABKAsyIC5ydW50aW1lLnYxLkZpbGVzeXN0ZW1JZGVudGlmaWVyEisKCnVzZWRfYnl0ZXMYAyABKAsyFy5ydW50aW1lLnYxLlVJbnQ2NFZhbHVlEiwKC2lub2Rlc191c2VkGAQgASgLMhcucnVudGltZS52MS5VSW50NjRWYWx1ZSIqChRGaWxlc3lzdGVtSWRlbnRpZmllchISCgptb3VudHBvaW50GAEgASgJIk8KGkxpc3RQb2RTYW5kYm94U3RhdHNSZXF1ZXN0EjEKBmZpbHRlchgBIAEoCzIhLnJ1bnRpbWUudjEuUG9kU2FuZGJveFN0YXRzRmlsdGVyIqcBChVQb2RTYW5kYm94U3RhdHNGaWx0ZXISCgoCaWQYASABKAkSTAoObGFiZWxfc2VsZWN0b3IYAiADKAsyNC5ydW50aW1lLnYxLlBvZFNhbmRib3hTdGF0c0ZpbHRlci5MYWJlbFNlbGVjdG9yRW50cnkaNAoSTGFiZWxTZWxlY3RvckVudHJ5EgsKA2tleRgBIAEoCRINCgV2YWx1ZRgCIAEoCToCOAEiSQobTGlzdFBvZFNhbmRib3hTdGF0c1Jlc3BvbnNlEioKBXN0YXRzGAEgAygLMhsucnVudGltZS52MS5Qb2RTYW5kYm94U3RhdHMieAoPUG9kU2FuZGJveFN0YXRzEjQKCmF0dHJpYnV0ZXMYASABKAsyIC5ydW50aW1lLnYxLlBvZFNhbmRib3hBdHRyaWJ1dGVzEi8KBWxpbnV4GAIgASgLMiAucnVudGltZS52MS5MaW51eFBvZFNhbmRib3hTdGF0cyK9AgoUUG9kU2FuZGJveEF0dHJpYnV0ZXMSCgoCaWQYASABKAkSMAoIbWV0YWRhdGEYAiABKAsyHi5ydW50aW1lLnYxLlBvZFNhbmRib3hNZXRhZGF0YRI8CgZsYWJlbHMYAyADKAsyLC5ydW50aW1lLnYxLlBvZFNhbmRib3hBdHRyaWJ1dGVzLkxhYmVsc0VudHJ5EkYKC2Fubm90YXRpb25zGAQgAygLMjEucnVudGltZS52MS5Qb2RTYW5kYm94QXR0cmlidXRlcy5Bbm5vdGF0aW9uc0VudHJ5Gi0KC0xhYmVsc0VudHJ5EgsKA2tleRgBIAEoCRINCgV2YWx1ZRgCIAEoCToCOAEaMgoQQW5ub3RhdGlvbnNFbnRyeRILCgNrZXkYASABKAkSDQoFdmFsdWUYAiABKAk6AjgBIugBChRMaW51eFBvZFNhbmRib3hTdGF0cxIhCgNjcHUYASABKAsyFC5ydW50aW1lLnYxLkNwdVVzYWdlEicKBm1lbW9yeRgCIAEoCzIXLnJ1bnRpbWUudjEuTWVtb3J5VXNhZ2USKQoHbmV0d29yaxgDIAEoCzIYLnJ1bnRpbWUudjEuTmV0d29ya1VzYWdlEikKB3Byb2Nlc3MYBCABKAsyGC5ydW50aW1lLnYxLlByb2Nlc3NVc2FnZRIuCgpjb250YWluZXJzGAUgAygLMhoucnVudGltZS52MS5Db250YWluZXJTdGF0cyKWAQoMTmV0d29ya1VzYWdlEhEKCXRpbWVzdGFtcBgBIAEoAxI8ChFkZWZhdWx0X2ludGVyZmFjZRgCIAEoCzIhLnJ1bnRpbWUudjEuTmV0d29ya0ludGVyZmFjZVVzYWdlEjUKCmludGVyZmFjZXMYAyADKAsyIS5ydW50aW1lLnYxLk5ldHdvcmtJbnRlcmZhY2VVc2FnZSLTAQoVTmV0d29ya0ludGVyZmFjZVVzYWdlEgwKBG5hbWUYASABKAkSKQoIcnhfYnl0ZXMYAiABKAsyFy5ydW50aW1lLnYxLlVJbnQ2NFZhbHVlEioKCXJ4X2Vycm9ycxgDIAEoCzIXLnJ1bnRpbWUudjEuVUludDY0VmFsdWUSKQoIdHhfYnl0ZXMYBCABKAsyFy5ydW50aW1lLnYxLlVJbnQ2NFZhbHVlEioKCXR4X2Vycm9ycxgFIAEoCzIXLnJ1bnRpbWUudjEuVUludDY0VmFsdWUiUQoMUHJvY2Vzc1VzYWdlEhEKCXRpbWVzdGFtcBgBIAEoAxIuCg1wcm9jZXNzX2NvdW50GAIgASgLMhcucnVudGltZS52MS5VSW50NjRWYWx1ZSIgCg1TdGF0dXNSZXF1ZXN0Eg8KB3ZlcmJvc2UYASABKAgigQIKDlN0YXR1c1Jlc3BvbnNlEikKBnN0YXR1cxgBIAEoCzIZLnJ1bnRpbWUudjEuUnVudGltZVN0YXR1cxIyCgRpbmZvGAIgAygLMiQucnVudGltZS52MS5TdGF0dXNSZXNwb25zZS5JbmZvRW50cnkSNAoQcnVudGltZV9oYW5kbGVycxgDIAMoCzIaLnJ1bnRpbWUudjEuUnVudGltZUhhbmRsZXISLQoIZmVhdHVyZXMYBCABKAsyGy5ydW50aW1lLnYxLlJ1bnRpbWVGZWF0dXJlcxorCglJbmZvRW50cnkSCwoDa2V5GAEgASgJEg0KBXZhbHVlGAIgASgJOgI4ASJBCg1SdW50aW1lU3RhdHVzEjAKCmNvbmRpdGlvbnMYASADKAsyHC5ydW50aW1lLnYxLlJ1bnRpbWVDb25kaXRpb24iUQoQUnVudGltZUNvbmRpdGlvbhIMCgR0eXBlGAEgASgJEg4KBnN0YXR1cxgCIAEoCBIOCgZyZWFzb24YAyABKAkSDwoHbWVzc2FnZRgEIAEoCSJUCg5SdW50aW1lSGFuZGxlchIMCgRuYW1lGAEgASgJEjQKCGZlYXR1cmVzGAIgASgLMiIucnVudGltZS52MS5SdW50aW1lSGFuZGxlckZlYXR1cmVzIlUKFlJ1bnRpbWVIYW5kbGVyRmVhdHVyZXMSIgoacmVjdXJzaXZlX3JlYWRfb25seV9tb3VudHMYASABKAgSFwoPdXNlcl9uYW1lc3BhY2VzGAIgASgIIlsKD1J1bnRpbWVGZWF0dXJlcxIiChpzdXBwbGVtZW50YWxfZ3JvdXBzX3BvbGljeRgBIAEoCBIkChx1c2VyX25hbWVzcGFjZXNfaG9zdF9uZXR3b3JrGAIgASgIIhIKEEdldEV2ZW50c1JlcXVlc3Qi1AEKFkNvbnRhaW5lckV2ZW50UmVzcG9uc2USFAoMY29udGFpbmVyX2lkGAEgASgJEhwKFGNvbnRhaW5lcl9ldmVudF90eXBlGAIgASgFEhIKCmNyZWF0ZWRfYXQYAyABKAMSOAoScG9kX3NhbmRib3hfc3RhdHVzGAQgASgLMhwucnVudGltZS52MS5Qb2RTYW5kYm94U3RhdHVzEjgKE2NvbnRhaW5lcnNfc3RhdHVzZXMYBSADKAsyGy5ydW50aW1lLnYxLkNvbnRhaW5lclN0YXR1cyIWChRSdW50aW1lQ29uZmlnUmVxdWVzdCJNChVSdW50aW1lQ29uZmlnUmVzcG9uc2USNAoFbGludXgYASABKAsyJS5ydW50aW1lLnYxLkxpbnV4UnVudGltZUNvbmZpZ3VyYXRpb24iMgoZTGludXhSdW50aW1lQ29uZmlndXJhdGlvbhIVCg1jZ3JvdXBfZHJpdmVyGAEgASgFIjwKEUxpc3RJbWFnZXNSZXF1ZXN0EicKBmZpbHRlchgBIAEoCzIXLnJ1bnRpbWUudjEuSW1hZ2VGaWx0ZXIiMwoLSW1hZ2VGaWx0ZXISJAoFaW1hZ2UYASABKAsyFS5ydW50aW1lLnYxLkltYWdlU3BlYyI3ChJMaXN0SW1hZ2VzUmVzcG9uc2USIQoGaW1hZ2VzGAEgAygLMhEucnVudGltZS52MS5JbWFnZSK2AQoFSW1hZ2USCgoCaWQYASABKAkSEQoJcmVwb190YWdzGAIgAygJEhQKDHJlcG9fZGlnZXN0cxgDIAMoCRIMCgRzaXplGAQgASgEEiMKA3VpZBgFIAEoCzIWLnJ1bnRpbWUudjEuSW50NjRWYWx1ZRIQCgh1c2VybmFtZRgGIAEoCRIjCgRzcGVjGAcgASgLMhUucnVudGltZS52MS5JbWFnZVNwZWMSDgoGcGlubmVkGAggASgIIksKEkltYWdlU3RhdHVzUmVxdWVzdBIkCgVpbWFnZRgBIAEoCzIVLnJ1bnRpbWUudjEuSW1hZ2VTcGVjEg8KB3ZlcmJvc2UYAiABKAginQEKE0ltYWdlU3RhdHVzUmVzcG9uc2USIAoFaW1hZ2UYASABKAsyES5ydW50aW1lLnYxLkltYWdlEjcKBGluZm8YAiADKAsyKS5ydW50aW1lLnYxLkltYWdlU3RhdHVzUmVzcG9uc2UuSW5mb0VudHJ5GisKCUluZm9FbnRyeRILCgNrZXkYASABKAkSDQoFdmFsdWUYAiABKAk6AjgBIpQBChBQdWxsSW1hZ2VSZXF1ZXN0EiQKBWltYWdlGAEgASgLMhUucnVudGltZS52MS5JbWFnZVNwZWMSJAoEYXV0aBgCIAEoCzIWLnJ1bnRpbWUudjEuQXV0aENvbmZpZxI0Cg5zYW5kYm94X2NvbmZpZxgDIAEoCzIcLnJ1bnRpbWUudjEuUG9kU2FuZGJveENvbmZpZyKGAQoKQXV0aENvbmZpZxIQCgh1c2VybmFtZRgBIAEoCRIQCghwYXNzd29yZBgCIAEoCRIMCgRhdXRoGAMgASgJEhYKDnNlcnZlcl9hZGRyZXNzGAQgASgJEhYKDmlkZW50aXR5X3Rva2VuGAUgASgJEhYKDnJlZ2lzdHJ5X3Rva2VuGAYgASgJIiYKEVB1bGxJbWFnZVJlc3BvbnNlEhEKCWltYWdlX3JlZhgBIAEoCSI6ChJSZW1vdmVJbWFnZVJlcXVlc3QSJAoFaW1hZ2UYASABKAsyFS5ydW50aW1lLnYxLkltYWdlU3BlYyIVChNSZW1vdmVJbWFnZVJlc3BvbnNlIhQKEkltYWdlRnNJbmZvUmVxdWVzdCKJAQoTSW1hZ2VGc0luZm9SZXNwb25zZRI2ChFpbWFnZV9maWxlc3lzdGVtcxgBIAMoCzIbLnJ1bnRpbWUudjEuRmlsZXN5c3RlbVVzYWdlEjoKFWNvbnRhaW5lcl9maWxlc3lzdGVtcxgCIAMoCzIbLnJ1bnRpbWUudjEuRmlsZXN5c3RlbVVzYWdlMuMPCg5SdW50aW1lU2VydmljZRJCCgdWZXJzaW9uEhoucnVudGltZS52MS5WZXJzaW9uUmVxdWVzdBobLnJ1bnRpbWUudjEuVmVyc2lvblJlc3BvbnNlElQKDVJ1blBvZFNhbmRib3gSIC5ydW50aW1lLnYxLlJ1blBvZFNhbmRib3hSZXF1ZXN0GiEucnVudGltZS52MS5SdW5Qb2RTYW5kYm94UmVzcG9uc2USVwoOU3RvcFBvZFNhbmRib3gSIS5ydW50aW1lLnYxLlN0b3BQb2RTYW5kYm94UmVxdWVzdBoiLnJ1bnRpbWUudjEuU3RvcFBvZFNhbmRib3hSZXNwb25zZRJdChBSZW1vdmVQb2RTYW5kYm94EiMucnVudGltZS52MS5SZW1vdmVQb2RTYW5kYm94UmVxdWVzdBokLnJ1bnRpbWUudjEuUmVtb3ZlUG9kU2FuZGJveFJlc3BvbnNlEl0KEFBvZFNhbmRib3hTdGF0dXMSIy5ydW50aW1lLnYxLlBvZFNhbmRib3hTdGF0dXNSZXF1ZXN0GiQucnVudGltZS52MS5Qb2RTYW5kYm94U3RhdHVzUmVzcG9uc2USVwoOTGlzdFBvZFNhbmRib3gSIS5ydW50aW1lLnYxLkxpc3RQb2RTYW5kYm94UmVxdWVzdBoiLnJ1bnRpbWUudjEuTGlzdFBvZFNhbmRib3hSZXNwb25zZRJaCg9DcmVhdGVDb250YWluZXISIi5ydW50aW1lLnYxLkNyZWF0ZUNvbnRhaW5lclJlcXVlc3QaIy5ydW50aW1lLnYxLkNyZWF0ZUNvbnRhaW5lclJlc3BvbnNlElcKDlN0YXJ0Q29udGFpbmVyEiEucnVudGltZS52MS5TdGFydENvbnRhaW5lclJlcXVlc3QaIi5ydW50aW1lLnYxLlN0YXJ0Q29udGFpbmVyUmVzcG9uc2USVAoNU3RvcENvbnRhaW5lchIgLnJ1bnRpbWUudjEuU3RvcENvbnRhaW5lclJlcXVlc3QaIS5ydW50aW1lLnYxLlN0b3BDb250YWluZXJSZXNwb25zZRJaCg9SZW1vdmVDb250YWluZXISIi5ydW50aW1lLnYxLlJlbW92ZUNvbnRhaW5lclJlcXVlc3QaIy5ydW50aW1lLnYxLlJlbW92ZUNvbnRhaW5lclJlc3BvbnNlElcKDkxpc3RDb250YWluZXJzEiEucnVudGltZS52MS5MaXN0Q29udGFpbmVyc1JlcXVlc3QaIi5ydW50aW1lLnYxLkxpc3RDb250YWluZXJzUmVzcG9uc2USWgoPQ29udGFpbmVyU3RhdHVzEiIucnVudGltZS52MS5Db250YWluZXJTdGF0dXNSZXF1ZXN0GiMucnVudGltZS52MS5Db250YWluZXJTdGF0dXNSZXNwb25zZRJ1ChhVcGRhdGVDb250YWluZXJSZXNvdXJjZXMSKy5ydW50aW1lLnYxLlVwZGF0ZUNvbnRhaW5lclJlc291cmNlc1JlcXVlc3QaLC5ydW50aW1lLnYxLlVwZGF0ZUNvbnRhaW5lclJlc291cmNlc1Jlc3BvbnNlEmMKElJlb3BlbkNvbnRhaW5lckxvZxIlLnJ1bnRpbWUudjEuUmVvcGVuQ29udGFpbmVyTG9nUmVxdWVzdBomLnJ1bnRpbWUudjEuUmVvcGVuQ29udGFpbmVyTG9nUmVzcG9uc2USRQoIRXhlY1N5bmMSGy5ydW50aW1lLnYxLkV4ZWNTeW5jUmVxdWVzdBocLnJ1bnRpbWUudjEuRXhlY1N5bmNSZXNwb25zZRI5CgRFeGVjEhcucnVudGltZS52MS5FeGVjUmVxdWVzdBoYLnJ1bnRpbWUudjEuRXhlY1Jlc3BvbnNlEj8KBkF0dGFjaBIZLnJ1bnRpbWUudjEuQXR0YWNoUmVxdWVzdBoaLnJ1bnRpbWUudjEuQXR0YWNoUmVzcG9uc2USTgoLUG9ydEZvcndhcmQSHi5ydW50aW1lLnYxLlBvcnRGb3J3YXJkUmVxdWVzdBofLnJ1bnRpbWUudjEuUG9ydEZvcndhcmRSZXNwb25zZRJjChJMaXN0Q29udGFpbmVyU3RhdHMSJS5ydW50aW1lLnYxLkxpc3RDb250YWluZXJTdGF0c1JlcXVlc3QaJi5ydW50aW1lLnYxLkxpc3RDb250YWluZXJTdGF0c1Jlc3BvbnNlEmYKE0xpc3RQb2RTYW5kYm94U3RhdHMSJi5ydW50aW1lLnYxLkxpc3RQb2RTYW5kYm94U3RhdHNSZXF1ZXN0GicucnVudGltZS52MS5MaXN0UG9kU2FuZGJveFN0YXRzUmVzcG9uc2USPwoGU3RhdHVzEhkucnVudGltZS52MS5TdGF0dXNSZXF1ZXN0GhoucnVudGltZS52MS5TdGF0dXNSZXNwb25zZRJYChJHZXRDb250YWluZXJFdmVudHMSHC5ydW50aW1lLnYxLkdldEV2ZW50c1JlcXVlc3QaIi5ydW50aW1lLnYxLkNvbnRhaW5lckV2ZW50UmVzcG9uc2UwARJUCg1SdW50aW1lQ29uZmlnEiAucnVudGltZS52MS5SdW50aW1lQ29uZmlnUmVxdWVzdBohLnJ1bnRpbWUudjEuUnVudGltZUNvbmZpZ1Jlc3BvbnNlMpUDCgxJbWFnZVNlcnZpY2USSwoKTGlzdEltYWdlcxIdLnJ1bnRpbWUudjEuTGlzdEltYWdlc1JlcXVlc3QaHi5ydW50aW1lLnYxLkxpc3RJbWFnZXNSZXNwb25zZRJOCgtJbWFnZVN0YXR1cxIeLnJ1bnRpbWUudjEuSW1hZ2VTdGF0dXNSZXF1ZXN0Gh8ucnVudGltZS52MS5JbWFnZVN0YXR1c1Jlc3BvbnNlEkgKCVB1bGxJbWFnZRIcLnJ1bnRpbWUudjEuUHVsbEltYWdlUmVxdWVzdBodLnJ1bnRpbWUudjEuUHVsbEltYWdlUmVzcG9uc2USTgoLUmVtb3ZlSW1hZ2USHi5ydW50aW1lLnYxLlJlbW92ZUltYWdlUmVxdWVzdBofLnJ1bnRpbWUudjEuUmVtb3ZlSW1hZ2VSZXNwb25zZRJOCgtJbWFnZUZzSW5mbxIeLnJ1bnRpbWUudjEuSW1hZ2VGc0luZm9SZXF1ZXN0Gh8ucnVudGltZS52MS5JbWFnZUZzSW5mb1Jlc3BvbnNlYgZwcm90bzM");
export type VersionRequest = Message<"runtime.v1.VersionRequest"> & {
    version: string;
};
export const VersionRequestSchema: GenMessage<VersionRequest> = /*@__PURE__*/
  messageDesc(file_cri, 0);
export type VersionResponse = Message<"runtime.v1.VersionResponse"> & {
    version: string;
    runtimeName: string;
    runtimeVersion: string;
    runtimeApiVersion: string;
};
export const VersionResponseSchema: GenMessage<VersionResponse> = /*@__PURE__*/
  messageDesc(file_cri, 1);
export type RunPodSandboxRequest = Message<"runtime.v1.RunPodSandboxRequest"> & {
    config?: PodSandboxConfig | undefined;
    runtimeHandler: string;
};
export const RunPodSandboxRequestSchema: GenMessage<RunPodSandboxRequest> = /*@__PURE__*/
  messageDesc(file_cri, 2);
export type PodSandboxConfig = Message<"runtime.v1.PodSandboxConfig"> & {
    metadata?: PodSandboxMetadata | undefined;
    hostname: string;
    logDirectory: string;
    dnsConfig?: DNSConfig | undefined;
    portMappings: PortMapping[];
    labels: { [key: string]: string };
    annotations: { [key: string]: string };
    linux?: LinuxPodSandboxConfig | undefined;
};
export const PodSandboxConfigSchema: GenMessage<PodSandboxConfig> = /*@__PURE__*/
  messageDesc(file_cri, 3);
export type PodSandboxMetadata = Message<"runtime.v1.PodSandboxMetadata"> & {
    name: string;
    uid: string;
    namespace: string;
    attempt: number;
};
export const PodSandboxMetadataSchema: GenMessage<PodSandboxMetadata> = /*@__PURE__*/
  messageDesc(file_cri, 4);
export type DNSConfig = Message<"runtime.v1.DNSConfig"> & {
    servers: string[];
    searches: string[];
    options: string[];
};
export const DNSConfigSchema: GenMessage<DNSConfig> = /*@__PURE__*/
  messageDesc(file_cri, 5);
export type PortMapping = Message<"runtime.v1.PortMapping"> & {
    protocol: number;
    containerPort: number;
    hostPort: number;
    hostIp: string;
};
export const PortMappingSchema: GenMessage<PortMapping> = /*@__PURE__*/
  messageDesc(file_cri, 6);
export type LinuxPodSandboxConfig = Message<"runtime.v1.LinuxPodSandboxConfig"> & {
    cgroupParent: string;
    securityContext?: LinuxSandboxSecurityContext | undefined;
    sysctls: { [key: string]: string };
    overhead?: LinuxContainerResources | undefined;
    resources?: LinuxContainerResources | undefined;
};
export const LinuxPodSandboxConfigSchema: GenMessage<LinuxPodSandboxConfig> = /*@__PURE__*/
  messageDesc(file_cri, 7);
export type LinuxSandboxSecurityContext = Message<"runtime.v1.LinuxSandboxSecurityContext"> & {
    namespaceOptions?: NamespaceOption | undefined;
    runAsUser?: Int64Value | undefined;
    runAsGroup?: Int64Value | undefined;
    readonlyRootfs: boolean;
    supplementalGroups: bigint[];
    supplementalGroupsPolicy: number;
    privileged: boolean;
    seccomp?: SecurityProfile | undefined;
    apparmor?: SecurityProfile | undefined;
};
export const LinuxSandboxSecurityContextSchema: GenMessage<LinuxSandboxSecurityContext> = /*@__PURE__*/
  messageDesc(file_cri, 8);
export type NamespaceOption = Message<"runtime.v1.NamespaceOption"> & {
    network: number;
    pid: number;
    ipc: number;
    targetId: string;
    usernsOptions?: UserNamespace | undefined;
};
export const NamespaceOptionSchema: GenMessage<NamespaceOption> = /*@__PURE__*/
  messageDesc(file_cri, 9);
export type UserNamespace = Message<"runtime.v1.UserNamespace"> & {
    mode: number;
    uids: IDMapping[];
    gids: IDMapping[];
};
export const UserNamespaceSchema: GenMessage<UserNamespace> = /*@__PURE__*/
  messageDesc(file_cri, 10);
export type IDMapping = Message<"runtime.v1.IDMapping"> & {
    hostId: number;
    containerId: number;
    length: number;
};
export const IDMappingSchema: GenMessage<IDMapping> = /*@__PURE__*/
  messageDesc(file_cri, 11);
export type Int64Value = Message<"runtime.v1.Int64Value"> & {
    value: bigint;
};
export const Int64ValueSchema: GenMessage<Int64Value> = /*@__PURE__*/
  messageDesc(file_cri, 12);
export type SecurityProfile = Message<"runtime.v1.SecurityProfile"> & {
    profileType: number;
    localhostRef: string;
};
export const SecurityProfileSchema: GenMessage<SecurityProfile> = /*@__PURE__*/
  messageDesc(file_cri, 13);
export type LinuxContainerResources = Message<"runtime.v1.LinuxContainerResources"> & {
    cpuPeriod: bigint;
    cpuQuota: bigint;
    cpuShares: bigint;
    memoryLimitInBytes: bigint;
    oomScoreAdj: bigint;
    cpusetCpus: string;
    cpusetMems: string;
    unified: { [key: string]: string };
    memorySwapLimitInBytes: bigint;
};
export const LinuxContainerResourcesSchema: GenMessage<LinuxContainerResources> = /*@__PURE__*/
  messageDesc(file_cri, 14);
export type RunPodSandboxResponse = Message<"runtime.v1.RunPodSandboxResponse"> & {
    podSandboxId: string;
};
export const RunPodSandboxResponseSchema: GenMessage<RunPodSandboxResponse> = /*@__PURE__*/
  messageDesc(file_cri, 15);
export type StopPodSandboxRequest = Message<"runtime.v1.StopPodSandboxRequest"> & {
    podSandboxId: string;
};
export const StopPodSandboxRequestSchema: GenMessage<StopPodSandboxRequest> = /*@__PURE__*/
  messageDesc(file_cri, 16);
export type StopPodSandboxResponse = Message<"runtime.v1.StopPodSandboxResponse"> & {
};
export const StopPodSandboxResponseSchema: GenMessage<StopPodSandboxResponse> = /*@__PURE__*/
  messageDesc(file_cri, 17);
export type RemovePodSandboxRequest = Message<"runtime.v1.RemovePodSandboxRequest"> & {
    podSandboxId: string;
};
export const RemovePodSandboxRequestSchema: GenMessage<RemovePodSandboxRequest> = /*@__PURE__*/
  messageDesc(file_cri, 18);
export type RemovePodSandboxResponse = Message<"runtime.v1.RemovePodSandboxResponse"> & {
};
export const RemovePodSandboxResponseSchema: GenMessage<RemovePodSandboxResponse> = /*@__PURE__*/
  messageDesc(file_cri, 19);
export type PodSandboxStatusRequest = Message<"runtime.v1.PodSandboxStatusRequest"> & {
    podSandboxId: string;
    verbose: boolean;
};
export const PodSandboxStatusRequestSchema: GenMessage<PodSandboxStatusRequest> = /*@__PURE__*/
  messageDesc(file_cri, 20);
export type PodSandboxStatusResponse = Message<"runtime.v1.PodSandboxStatusResponse"> & {
    status?: PodSandboxStatus | undefined;
    info: { [key: string]: string };
    containersStatuses: ContainerStatus[];
    timestamp: bigint;
};
export const PodSandboxStatusResponseSchema: GenMessage<PodSandboxStatusResponse> = /*@__PURE__*/
  messageDesc(file_cri, 21);
export type PodSandboxStatus = Message<"runtime.v1.PodSandboxStatus"> & {
    id: string;
    metadata?: PodSandboxMetadata | undefined;
    state: number;
    createdAt: bigint;
    network?: PodSandboxNetworkStatus | undefined;
    linux?: LinuxPodSandboxStatus | undefined;
    labels: { [key: string]: string };
    annotations: { [key: string]: string };
    runtimeHandler: string;
};
export const PodSandboxStatusSchema: GenMessage<PodSandboxStatus> = /*@__PURE__*/
  messageDesc(file_cri, 22);
export type PodSandboxNetworkStatus = Message<"runtime.v1.PodSandboxNetworkStatus"> & {
    ip: string;
    additionalIps: PodIP[];
};
export const PodSandboxNetworkStatusSchema: GenMessage<PodSandboxNetworkStatus> = /*@__PURE__*/
  messageDesc(file_cri, 23);
export type PodIP = Message<"runtime.v1.PodIP"> & {
    ip: string;
};
export const PodIPSchema: GenMessage<PodIP> = /*@__PURE__*/
  messageDesc(file_cri, 24);
export type LinuxPodSandboxStatus = Message<"runtime.v1.LinuxPodSandboxStatus"> & {
    namespaces?: Namespace | undefined;
};
export const LinuxPodSandboxStatusSchema: GenMessage<LinuxPodSandboxStatus> = /*@__PURE__*/
  messageDesc(file_cri, 25);
export type Namespace = Message<"runtime.v1.Namespace"> & {
    options?: NamespaceOption | undefined;
};
export const NamespaceSchema: GenMessage<Namespace> = /*@__PURE__*/
  messageDesc(file_cri, 26);
export type ContainerStatus = Message<"runtime.v1.ContainerStatus"> & {
    id: string;
    metadata?: ContainerMetadata | undefined;
    state: number;
    createdAt: bigint;
    startedAt: bigint;
    finishedAt: bigint;
    exitCode: number;
    image?: ImageSpec | undefined;
    imageRef: string;
    reason: string;
    message: string;
    labels: { [key: string]: string };
    annotations: { [key: string]: string };
    mounts: Mount[];
    logPath: string;
    resources?: ContainerResources | undefined;
    imageId: string;
    user?: ContainerUser | undefined;
    stopSignal: number;
};
export const ContainerStatusSchema: GenMessage<ContainerStatus> = /*@__PURE__*/
  messageDesc(file_cri, 27);
export type ContainerMetadata = Message<"runtime.v1.ContainerMetadata"> & {
    name: string;
    attempt: number;
};
export const ContainerMetadataSchema: GenMessage<ContainerMetadata> = /*@__PURE__*/
  messageDesc(file_cri, 28);
export type ImageSpec = Message<"runtime.v1.ImageSpec"> & {
    image: string;
    annotations: { [key: string]: string };
    userSpecifiedImage: string;
    runtimeHandler: string;
    imageRef: string;
};
export const ImageSpecSchema: GenMessage<ImageSpec> = /*@__PURE__*/
  messageDesc(file_cri, 29);
export type Mount = Message<"runtime.v1.Mount"> & {
    containerPath: string;
    hostPath: string;
    readonly: boolean;
    propagation: number;
    uidMappings: IDMapping[];
    gidMappings: IDMapping[];
    recursiveReadOnly: boolean;
    image?: ImageSpec | undefined;
    imageSubPath: string;
};
export const MountSchema: GenMessage<Mount> = /*@__PURE__*/
  messageDesc(file_cri, 30);
export type ContainerResources = Message<"runtime.v1.ContainerResources"> & {
    linux?: LinuxContainerResources | undefined;
};
export const ContainerResourcesSchema: GenMessage<ContainerResources> = /*@__PURE__*/
  messageDesc(file_cri, 31);
export type ContainerUser = Message<"runtime.v1.ContainerUser"> & {
    linux?: LinuxContainerUser | undefined;
};
export const ContainerUserSchema: GenMessage<ContainerUser> = /*@__PURE__*/
  messageDesc(file_cri, 32);
export type LinuxContainerUser = Message<"runtime.v1.LinuxContainerUser"> & {
    uid: bigint;
    gid: bigint;
    supplementalGroups: bigint[];
};
export const LinuxContainerUserSchema: GenMessage<LinuxContainerUser> = /*@__PURE__*/
  messageDesc(file_cri, 33);
export type ListPodSandboxRequest = Message<"runtime.v1.ListPodSandboxRequest"> & {
    filter?: PodSandboxFilter | undefined;
};
export const ListPodSandboxRequestSchema: GenMessage<ListPodSandboxRequest> = /*@__PURE__*/
  messageDesc(file_cri, 34);
export type PodSandboxFilter = Message<"runtime.v1.PodSandboxFilter"> & {
    id: string;
    state?: PodSandboxStateValue | undefined;
    labelSelector: { [key: string]: string };
};
export const PodSandboxFilterSchema: GenMessage<PodSandboxFilter> = /*@__PURE__*/
  messageDesc(file_cri, 35);
export type PodSandboxStateValue = Message<"runtime.v1.PodSandboxStateValue"> & {
    state: number;
};
export const PodSandboxStateValueSchema: GenMessage<PodSandboxStateValue> = /*@__PURE__*/
  messageDesc(file_cri, 36);
export type ListPodSandboxResponse = Message<"runtime.v1.ListPodSandboxResponse"> & {
    items: PodSandbox[];
};
export const ListPodSandboxResponseSchema: GenMessage<ListPodSandboxResponse> = /*@__PURE__*/
  messageDesc(file_cri, 37);
export type PodSandbox = Message<"runtime.v1.PodSandbox"> & {
    id: string;
    metadata?: PodSandboxMetadata | undefined;
    state: number;
    createdAt: bigint;
    labels: { [key: string]: string };
    annotations: { [key: string]: string };
    runtimeHandler: string;
};
export const PodSandboxSchema: GenMessage<PodSandbox> = /*@__PURE__*/
  messageDesc(file_cri, 38);
export type CreateContainerRequest = Message<"runtime.v1.CreateContainerRequest"> & {
    podSandboxId: string;
    config?: ContainerConfig | undefined;
    sandboxConfig?: PodSandboxConfig | undefined;
};
export const CreateContainerRequestSchema: GenMessage<CreateContainerRequest> = /*@__PURE__*/
  messageDesc(file_cri, 39);
export type ContainerConfig = Message<"runtime.v1.ContainerConfig"> & {
    metadata?: ContainerMetadata | undefined;
    image?: ImageSpec | undefined;
    command: string[];
    args: string[];
    workingDir: string;
    envs: KeyValue[];
    mounts: Mount[];
    devices: Device[];
    labels: { [key: string]: string };
    annotations: { [key: string]: string };
    logPath: string;
    stdin: boolean;
    stdinOnce: boolean;
    tty: boolean;
    linux?: LinuxContainerConfig | undefined;
    stopSignal: number;
};
export const ContainerConfigSchema: GenMessage<ContainerConfig> = /*@__PURE__*/
  messageDesc(file_cri, 40);
export type KeyValue = Message<"runtime.v1.KeyValue"> & {
    key: string;
    value: Uint8Array;
};
export const KeyValueSchema: GenMessage<KeyValue> = /*@__PURE__*/
  messageDesc(file_cri, 41);
export type Device = Message<"runtime.v1.Device"> & {
    containerPath: string;
    hostPath: string;
    permissions: string;
};
export const DeviceSchema: GenMessage<Device> = /*@__PURE__*/
  messageDesc(file_cri, 42);
export type LinuxContainerConfig = Message<"runtime.v1.LinuxContainerConfig"> & {
    resources?: LinuxContainerResources | undefined;
    securityContext?: LinuxContainerSecurityContext | undefined;
};
export const LinuxContainerConfigSchema: GenMessage<LinuxContainerConfig> = /*@__PURE__*/
  messageDesc(file_cri, 43);
export type LinuxContainerSecurityContext = Message<"runtime.v1.LinuxContainerSecurityContext"> & {
    capabilities?: Capability | undefined;
    privileged: boolean;
    namespaceOptions?: NamespaceOption | undefined;
    runAsUser?: Int64Value | undefined;
    runAsGroup?: Int64Value | undefined;
    readonlyRootfs: boolean;
    supplementalGroups: bigint[];
    supplementalGroupsPolicy: number;
    noNewPrivs: boolean;
    maskedPaths: string[];
    readonlyPaths: string[];
    seccomp?: SecurityProfile | undefined;
    apparmor?: SecurityProfile | undefined;
};
export const LinuxContainerSecurityContextSchema: GenMessage<LinuxContainerSecurityContext> = /*@__PURE__*/
  messageDesc(file_cri, 44);
export type Capability = Message<"runtime.v1.Capability"> & {
    addCapabilities: string[];
    dropCapabilities: string[];
    addAmbientCapabilities: string[];
};
export const CapabilitySchema: GenMessage<Capability> = /*@__PURE__*/
  messageDesc(file_cri, 45);
export type CreateContainerResponse = Message<"runtime.v1.CreateContainerResponse"> & {
    containerId: string;
};
export const CreateContainerResponseSchema: GenMessage<CreateContainerResponse> = /*@__PURE__*/
  messageDesc(file_cri, 46);
export type StartContainerRequest = Message<"runtime.v1.StartContainerRequest"> & {
    containerId: string;
};
export const StartContainerRequestSchema: GenMessage<StartContainerRequest> = /*@__PURE__*/
  messageDesc(file_cri, 47);
export type StartContainerResponse = Message<"runtime.v1.StartContainerResponse"> & {
};
export const StartContainerResponseSchema: GenMessage<StartContainerResponse> = /*@__PURE__*/
  messageDesc(file_cri, 48);
export type StopContainerRequest = Message<"runtime.v1.StopContainerRequest"> & {
    containerId: string;
    timeout: bigint;
};
export const StopContainerRequestSchema: GenMessage<StopContainerRequest> = /*@__PURE__*/
  messageDesc(file_cri, 49);
export type StopContainerResponse = Message<"runtime.v1.StopContainerResponse"> & {
};
export const StopContainerResponseSchema: GenMessage<StopContainerResponse> = /*@__PURE__*/
  messageDesc(file_cri, 50);
export type RemoveContainerRequest = Message<"runtime.v1.RemoveContainerRequest"> & {
    containerId: string;
};
export const RemoveContainerRequestSchema: GenMessage<RemoveContainerRequest> = /*@__PURE__*/
  messageDesc(file_cri, 51);
export type RemoveContainerResponse = Message<"runtime.v1.RemoveContainerResponse"> & {
};
export const RemoveContainerResponseSchema: GenMessage<RemoveContainerResponse> = /*@__PURE__*/
  messageDesc(file_cri, 52);
export type ListContainersRequest = Message<"runtime.v1.ListContainersRequest"> & {
    filter?: ContainerFilter | undefined;
};
export const ListContainersRequestSchema: GenMessage<ListContainersRequest> = /*@__PURE__*/
  messageDesc(file_cri, 53);
export type ContainerFilter = Message<"runtime.v1.ContainerFilter"> & {
    id: string;
    state?: ContainerStateValue | undefined;
    podSandboxId: string;
    labelSelector: { [key: string]: string };
};
export const ContainerFilterSchema: GenMessage<ContainerFilter> = /*@__PURE__*/
  messageDesc(file_cri, 54);
export type ContainerStateValue = Message<"runtime.v1.ContainerStateValue"> & {
    state: number;
};
export const ContainerStateValueSchema: GenMessage<ContainerStateValue> = /*@__PURE__*/
  messageDesc(file_cri, 55);
export type ListContainersResponse = Message<"runtime.v1.ListContainersResponse"> & {
    containers: Container[];
};
export const ListContainersResponseSchema: GenMessage<ListContainersResponse> = /*@__PURE__*/
  messageDesc(file_cri, 56);
export type Container = Message<"runtime.v1.Container"> & {
    id: string;
    podSandboxId: string;
    metadata?: ContainerMetadata | undefined;
    image?: ImageSpec | undefined;
    imageRef: string;
    state: number;
    createdAt: bigint;
    labels: { [key: string]: string };
    annotations: { [key: string]: string };
    imageId: string;
};
export const ContainerSchema: GenMessage<Container> = /*@__PURE__*/
  messageDesc(file_cri, 57);
export type ContainerStatusRequest = Message<"runtime.v1.ContainerStatusRequest"> & {
    containerId: string;
    verbose: boolean;
};
export const ContainerStatusRequestSchema: GenMessage<ContainerStatusRequest> = /*@__PURE__*/
  messageDesc(file_cri, 58);
export type ContainerStatusResponse = Message<"runtime.v1.ContainerStatusResponse"> & {
    status?: ContainerStatus | undefined;
    info: { [key: string]: string };
};
export const ContainerStatusResponseSchema: GenMessage<ContainerStatusResponse> = /*@__PURE__*/
  messageDesc(file_cri, 59);
export type UpdateContainerResourcesRequest = Message<"runtime.v1.UpdateContainerResourcesRequest"> & {
    containerId: string;
    linux?: LinuxContainerResources | undefined;
    annotations: { [key: string]: string };
};
export const UpdateContainerResourcesRequestSchema: GenMessage<UpdateContainerResourcesRequest> = /*@__PURE__*/
  messageDesc(file_cri, 60);
export type UpdateContainerResourcesResponse = Message<"runtime.v1.UpdateContainerResourcesResponse"> & {
};
export const UpdateContainerResourcesResponseSchema: GenMessage<UpdateContainerResourcesResponse> = /*@__PURE__*/
  messageDesc(file_cri, 61);
export type ReopenContainerLogRequest = Message<"runtime.v1.ReopenContainerLogRequest"> & {
    containerId: string;
};
export const ReopenContainerLogRequestSchema: GenMessage<ReopenContainerLogRequest> = /*@__PURE__*/
  messageDesc(file_cri, 62);
export type ReopenContainerLogResponse = Message<"runtime.v1.ReopenContainerLogResponse"> & {
};
export const ReopenContainerLogResponseSchema: GenMessage<ReopenContainerLogResponse> = /*@__PURE__*/
  messageDesc(file_cri, 63);
export type ExecSyncRequest = Message<"runtime.v1.ExecSyncRequest"> & {
    containerId: string;
    cmd: string[];
    timeout: bigint;
};
export const ExecSyncRequestSchema: GenMessage<ExecSyncRequest> = /*@__PURE__*/
  messageDesc(file_cri, 64);
export type ExecSyncResponse = Message<"runtime.v1.ExecSyncResponse"> & {
    stdout: Uint8Array;
    stderr: Uint8Array;
    exitCode: number;
};
export const ExecSyncResponseSchema: GenMessage<ExecSyncResponse> = /*@__PURE__*/
  messageDesc(file_cri, 65);
export type ExecRequest = Message<"runtime.v1.ExecRequest"> & {
    containerId: string;
    cmd: string[];
    tty: boolean;
    stdin: boolean;
    stdout: boolean;
    stderr: boolean;
};
export const ExecRequestSchema: GenMessage<ExecRequest> = /*@__PURE__*/
  messageDesc(file_cri, 66);
export type ExecResponse = Message<"runtime.v1.ExecResponse"> & {
    url: string;
};
export const ExecResponseSchema: GenMessage<ExecResponse> = /*@__PURE__*/
  messageDesc(file_cri, 67);
export type AttachRequest = Message<"runtime.v1.AttachRequest"> & {
    containerId: string;
    stdin: boolean;
    tty: boolean;
    stdout: boolean;
    stderr: boolean;
};
export const AttachRequestSchema: GenMessage<AttachRequest> = /*@__PURE__*/
  messageDesc(file_cri, 68);
export type AttachResponse = Message<"runtime.v1.AttachResponse"> & {
    url: string;
};
export const AttachResponseSchema: GenMessage<AttachResponse> = /*@__PURE__*/
  messageDesc(file_cri, 69);
export type PortForwardRequest = Message<"runtime.v1.PortForwardRequest"> & {
    podSandboxId: string;
    port: number[];
};
export const PortForwardRequestSchema: GenMessage<PortForwardRequest> = /*@__PURE__*/
  messageDesc(file_cri, 70);
export type PortForwardResponse = Message<"runtime.v1.PortForwardResponse"> & {
    url: string;
};
export const PortForwardResponseSchema: GenMessage<PortForwardResponse> = /*@__PURE__*/
  messageDesc(file_cri, 71);
export type ListContainerStatsRequest = Message<"runtime.v1.ListContainerStatsRequest"> & {
    filter?: ContainerStatsFilter | undefined;
};
export const ListContainerStatsRequestSchema: GenMessage<ListContainerStatsRequest> = /*@__PURE__*/
  messageDesc(file_cri, 72);
export type ContainerStatsFilter = Message<"runtime.v1.ContainerStatsFilter"> & {
    id: string;
    podSandboxId: string;
    labelSelector: { [key: string]: string };
};
export const ContainerStatsFilterSchema: GenMessage<ContainerStatsFilter> = /*@__PURE__*/
  messageDesc(file_cri, 73);
export type ListContainerStatsResponse = Message<"runtime.v1.ListContainerStatsResponse"> & {
    stats: ContainerStats[];
};
export const ListContainerStatsResponseSchema: GenMessage<ListContainerStatsResponse> = /*@__PURE__*/
  messageDesc(file_cri, 74);
export type ContainerStats = Message<"runtime.v1.ContainerStats"> & {
    attributes?: ContainerAttributes | undefined;
    cpu?: CpuUsage | undefined;
    memory?: MemoryUsage | undefined;
    writableLayer?: FilesystemUsage | undefined;
};
export const ContainerStatsSchema: GenMessage<ContainerStats> = /*@__PURE__*/
  messageDesc(file_cri, 75);
export type ContainerAttributes = Message<"runtime.v1.ContainerAttributes"> & {
    id: string;
    metadata?: ContainerMetadata | undefined;
    labels: { [key: string]: string };
    annotations: { [key: string]: string };
};
export const ContainerAttributesSchema: GenMessage<ContainerAttributes> = /*@__PURE__*/
  messageDesc(file_cri, 76);
export type CpuUsage = Message<"runtime.v1.CpuUsage"> & {
    timestamp: bigint;
    usageCoreNanoSeconds?: UInt64Value | undefined;
    usageNanoCores?: UInt64Value | undefined;
};
export const CpuUsageSchema: GenMessage<CpuUsage> = /*@__PURE__*/
  messageDesc(file_cri, 77);
export type UInt64Value = Message<"runtime.v1.UInt64Value"> & {
    value: bigint;
};
export const UInt64ValueSchema: GenMessage<UInt64Value> = /*@__PURE__*/
  messageDesc(file_cri, 78);
export type MemoryUsage = Message<"runtime.v1.MemoryUsage"> & {
    timestamp: bigint;
    workingSetBytes?: UInt64Value | undefined;
    availableBytes?: UInt64Value | undefined;
    usageBytes?: UInt64Value | undefined;
    rssBytes?: UInt64Value | undefined;
    pageFaults?: UInt64Value | undefined;
    majorPageFaults?: UInt64Value | undefined;
};
export const MemoryUsageSchema: GenMessage<MemoryUsage> = /*@__PURE__*/
  messageDesc(file_cri, 79);
export type FilesystemUsage = Message<"runtime.v1.FilesystemUsage"> & {
    timestamp: bigint;
    fsId?: FilesystemIdentifier | undefined;
    usedBytes?: UInt64Value | undefined;
    inodesUsed?: UInt64Value | undefined;
};
export const FilesystemUsageSchema: GenMessage<FilesystemUsage> = /*@__PURE__*/
  messageDesc(file_cri, 80);
export type FilesystemIdentifier = Message<"runtime.v1.FilesystemIdentifier"> & {
    mountpoint: string;
};
export const FilesystemIdentifierSchema: GenMessage<FilesystemIdentifier> = /*@__PURE__*/
  messageDesc(file_cri, 81);
export type ListPodSandboxStatsRequest = Message<"runtime.v1.ListPodSandboxStatsRequest"> & {
    filter?: PodSandboxStatsFilter | undefined;
};
export const ListPodSandboxStatsRequestSchema: GenMessage<ListPodSandboxStatsRequest> = /*@__PURE__*/
  messageDesc(file_cri, 82);
export type PodSandboxStatsFilter = Message<"runtime.v1.PodSandboxStatsFilter"> & {
    id: string;
    labelSelector: { [key: string]: string };
};
export const PodSandboxStatsFilterSchema: GenMessage<PodSandboxStatsFilter> = /*@__PURE__*/
  messageDesc(file_cri, 83);
export type ListPodSandboxStatsResponse = Message<"runtime.v1.ListPodSandboxStatsResponse"> & {
    stats: PodSandboxStats[];
};
export const ListPodSandboxStatsResponseSchema: GenMessage<ListPodSandboxStatsResponse> = /*@__PURE__*/
  messageDesc(file_cri, 84);
export type PodSandboxStats = Message<"runtime.v1.PodSandboxStats"> & {
    attributes?: PodSandboxAttributes | undefined;
    linux?: LinuxPodSandboxStats | undefined;
};
export const PodSandboxStatsSchema: GenMessage<PodSandboxStats> = /*@__PURE__*/
  messageDesc(file_cri, 85);
export type PodSandboxAttributes = Message<"runtime.v1.PodSandboxAttributes"> & {
    id: string;
    metadata?: PodSandboxMetadata | undefined;
    labels: { [key: string]: string };
    annotations: { [key: string]: string };
};
export const PodSandboxAttributesSchema: GenMessage<PodSandboxAttributes> = /*@__PURE__*/
  messageDesc(file_cri, 86);
export type LinuxPodSandboxStats = Message<"runtime.v1.LinuxPodSandboxStats"> & {
    cpu?: CpuUsage | undefined;
    memory?: MemoryUsage | undefined;
    network?: NetworkUsage | undefined;
    process?: ProcessUsage | undefined;
    containers: ContainerStats[];
};
export const LinuxPodSandboxStatsSchema: GenMessage<LinuxPodSandboxStats> = /*@__PURE__*/
  messageDesc(file_cri, 87);
export type NetworkUsage = Message<"runtime.v1.NetworkUsage"> & {
    timestamp: bigint;
    defaultInterface?: NetworkInterfaceUsage | undefined;
    interfaces: NetworkInterfaceUsage[];
};
export const NetworkUsageSchema: GenMessage<NetworkUsage> = /*@__PURE__*/
  messageDesc(file_cri, 88);
export type NetworkInterfaceUsage = Message<"runtime.v1.NetworkInterfaceUsage"> & {
    name: string;
    rxBytes?: UInt64Value | undefined;
    rxErrors?: UInt64Value | undefined;
    txBytes?: UInt64Value | undefined;
    txErrors?: UInt64Value | undefined;
};
export const NetworkInterfaceUsageSchema: GenMessage<NetworkInterfaceUsage> = /*@__PURE__*/
  messageDesc(file_cri, 89);
export type ProcessUsage = Message<"runtime.v1.ProcessUsage"> & {
    timestamp: bigint;
    processCount?: UInt64Value | undefined;
};
export const ProcessUsageSchema: GenMessage<ProcessUsage> = /*@__PURE__*/
  messageDesc(file_cri, 90);
export type StatusRequest = Message<"runtime.v1.StatusRequest"> & {
    verbose: boolean;
};
export const StatusRequestSchema: GenMessage<StatusRequest> = /*@__PURE__*/
  messageDesc(file_cri, 91);
export type StatusResponse = Message<"runtime.v1.StatusResponse"> & {
    status?: RuntimeStatus | undefined;
    info: { [key: string]: string };
    runtimeHandlers: RuntimeHandler[];
    features?: RuntimeFeatures | undefined;
};
export const StatusResponseSchema: GenMessage<StatusResponse> = /*@__PURE__*/
  messageDesc(file_cri, 92);
export type RuntimeStatus = Message<"runtime.v1.RuntimeStatus"> & {
    conditions: RuntimeCondition[];
};
export const RuntimeStatusSchema: GenMessage<RuntimeStatus> = /*@__PURE__*/
  messageDesc(file_cri, 93);
export type RuntimeCondition = Message<"runtime.v1.RuntimeCondition"> & {
    type: string;
    status: boolean;
    reason: string;
    message: string;
};
export const RuntimeConditionSchema: GenMessage<RuntimeCondition> = /*@__PURE__*/
  messageDesc(file_cri, 94);
export type RuntimeHandler = Message<"runtime.v1.RuntimeHandler"> & {
    name: string;
    features?: RuntimeHandlerFeatures | undefined;
};
export const RuntimeHandlerSchema: GenMessage<RuntimeHandler> = /*@__PURE__*/
  messageDesc(file_cri, 95);
export type RuntimeHandlerFeatures = Message<"runtime.v1.RuntimeHandlerFeatures"> & {
    recursiveReadOnlyMounts: boolean;
    userNamespaces: boolean;
};
export const RuntimeHandlerFeaturesSchema: GenMessage<RuntimeHandlerFeatures> = /*@__PURE__*/
  messageDesc(file_cri, 96);
export type RuntimeFeatures = Message<"runtime.v1.RuntimeFeatures"> & {
    supplementalGroupsPolicy: boolean;
    userNamespacesHostNetwork: boolean;
};
export const RuntimeFeaturesSchema: GenMessage<RuntimeFeatures> = /*@__PURE__*/
  messageDesc(file_cri, 97);
export type GetEventsRequest = Message<"runtime.v1.GetEventsRequest"> & {
};
export const GetEventsRequestSchema: GenMessage<GetEventsRequest> = /*@__PURE__*/
  messageDesc(file_cri, 98);
export type ContainerEventResponse = Message<"runtime.v1.ContainerEventResponse"> & {
    containerId: string;
    containerEventType: number;
    createdAt: bigint;
    podSandboxStatus?: PodSandboxStatus | undefined;
    containersStatuses: ContainerStatus[];
};
export const ContainerEventResponseSchema: GenMessage<ContainerEventResponse> = /*@__PURE__*/
  messageDesc(file_cri, 99);
export type RuntimeConfigRequest = Message<"runtime.v1.RuntimeConfigRequest"> & {
};
export const RuntimeConfigRequestSchema: GenMessage<RuntimeConfigRequest> = /*@__PURE__*/
  messageDesc(file_cri, 100);
export type RuntimeConfigResponse = Message<"runtime.v1.RuntimeConfigResponse"> & {
    linux?: LinuxRuntimeConfiguration | undefined;
};
export const RuntimeConfigResponseSchema: GenMessage<RuntimeConfigResponse> = /*@__PURE__*/
  messageDesc(file_cri, 101);
export type LinuxRuntimeConfiguration = Message<"runtime.v1.LinuxRuntimeConfiguration"> & {
    cgroupDriver: number;
};
export const LinuxRuntimeConfigurationSchema: GenMessage<LinuxRuntimeConfiguration> = /*@__PURE__*/
  messageDesc(file_cri, 102);
export type ListImagesRequest = Message<"runtime.v1.ListImagesRequest"> & {
    filter?: ImageFilter | undefined;
};
export const ListImagesRequestSchema: GenMessage<ListImagesRequest> = /*@__PURE__*/
  messageDesc(file_cri, 103);
export type ImageFilter = Message<"runtime.v1.ImageFilter"> & {
    image?: ImageSpec | undefined;
};
export const ImageFilterSchema: GenMessage<ImageFilter> = /*@__PURE__*/
  messageDesc(file_cri, 104);
export type ListImagesResponse = Message<"runtime.v1.ListImagesResponse"> & {
    images: Image[];
};
export const ListImagesResponseSchema: GenMessage<ListImagesResponse> = /*@__PURE__*/
  messageDesc(file_cri, 105);
export type Image = Message<"runtime.v1.Image"> & {
    id: string;
    repoTags: string[];
    repoDigests: string[];
    size: bigint;
    uid?: Int64Value | undefined;
    username: string;
    spec?: ImageSpec | undefined;
    pinned: boolean;
};
export const ImageSchema: GenMessage<Image> = /*@__PURE__*/
  messageDesc(file_cri, 106);
export type ImageStatusRequest = Message<"runtime.v1.ImageStatusRequest"> & {
    image?: ImageSpec | undefined;
    verbose: boolean;
};
export const ImageStatusRequestSchema: GenMessage<ImageStatusRequest> = /*@__PURE__*/
  messageDesc(file_cri, 107);
export type ImageStatusResponse = Message<"runtime.v1.ImageStatusResponse"> & {
    image?: Image | undefined;
    info: { [key: string]: string };
};
export const ImageStatusResponseSchema: GenMessage<ImageStatusResponse> = /*@__PURE__*/
  messageDesc(file_cri, 108);
export type PullImageRequest = Message<"runtime.v1.PullImageRequest"> & {
    image?: ImageSpec | undefined;
    auth?: AuthConfig | undefined;
    sandboxConfig?: PodSandboxConfig | undefined;
};
export const PullImageRequestSchema: GenMessage<PullImageRequest> = /*@__PURE__*/
  messageDesc(file_cri, 109);
export type AuthConfig = Message<"runtime.v1.AuthConfig"> & {
    username: string;
    password: string;
    auth: string;
    serverAddress: string;
    identityToken: string;
    registryToken: string;
};
export const AuthConfigSchema: GenMessage<AuthConfig> = /*@__PURE__*/
  messageDesc(file_cri, 110);
export type PullImageResponse = Message<"runtime.v1.PullImageResponse"> & {
    imageRef: string;
};
export const PullImageResponseSchema: GenMessage<PullImageResponse> = /*@__PURE__*/
  messageDesc(file_cri, 111);
export type RemoveImageRequest = Message<"runtime.v1.RemoveImageRequest"> & {
    image?: ImageSpec | undefined;
};
export const RemoveImageRequestSchema: GenMessage<RemoveImageRequest> = /*@__PURE__*/
  messageDesc(file_cri, 112);
export type RemoveImageResponse = Message<"runtime.v1.RemoveImageResponse"> & {
};
export const RemoveImageResponseSchema: GenMessage<RemoveImageResponse> = /*@__PURE__*/
  messageDesc(file_cri, 113);
export type ImageFsInfoRequest = Message<"runtime.v1.ImageFsInfoRequest"> & {
};
export const ImageFsInfoRequestSchema: GenMessage<ImageFsInfoRequest> = /*@__PURE__*/
  messageDesc(file_cri, 114);
export type ImageFsInfoResponse = Message<"runtime.v1.ImageFsInfoResponse"> & {
    imageFilesystems: FilesystemUsage[];
    containerFilesystems: FilesystemUsage[];
};
export const ImageFsInfoResponseSchema: GenMessage<ImageFsInfoResponse> = /*@__PURE__*/
  messageDesc(file_cri, 115);
export const RuntimeService: GenService<{
    version: {
    methodKind: "unary";
    input: typeof VersionRequestSchema;
    output: typeof VersionResponseSchema;
  },
    runPodSandbox: {
    methodKind: "unary";
    input: typeof RunPodSandboxRequestSchema;
    output: typeof RunPodSandboxResponseSchema;
  },
    stopPodSandbox: {
    methodKind: "unary";
    input: typeof StopPodSandboxRequestSchema;
    output: typeof StopPodSandboxResponseSchema;
  },
    removePodSandbox: {
    methodKind: "unary";
    input: typeof RemovePodSandboxRequestSchema;
    output: typeof RemovePodSandboxResponseSchema;
  },
    podSandboxStatus: {
    methodKind: "unary";
    input: typeof PodSandboxStatusRequestSchema;
    output: typeof PodSandboxStatusResponseSchema;
  },
    listPodSandbox: {
    methodKind: "unary";
    input: typeof ListPodSandboxRequestSchema;
    output: typeof ListPodSandboxResponseSchema;
  },
    createContainer: {
    methodKind: "unary";
    input: typeof CreateContainerRequestSchema;
    output: typeof CreateContainerResponseSchema;
  },
    startContainer: {
    methodKind: "unary";
    input: typeof StartContainerRequestSchema;
    output: typeof StartContainerResponseSchema;
  },
    stopContainer: {
    methodKind: "unary";
    input: typeof StopContainerRequestSchema;
    output: typeof StopContainerResponseSchema;
  },
    removeContainer: {
    methodKind: "unary";
    input: typeof RemoveContainerRequestSchema;
    output: typeof RemoveContainerResponseSchema;
  },
    listContainers: {
    methodKind: "unary";
    input: typeof ListContainersRequestSchema;
    output: typeof ListContainersResponseSchema;
  },
    containerStatus: {
    methodKind: "unary";
    input: typeof ContainerStatusRequestSchema;
    output: typeof ContainerStatusResponseSchema;
  },
    updateContainerResources: {
    methodKind: "unary";
    input: typeof UpdateContainerResourcesRequestSchema;
    output: typeof UpdateContainerResourcesResponseSchema;
  },
    reopenContainerLog: {
    methodKind: "unary";
    input: typeof ReopenContainerLogRequestSchema;
    output: typeof ReopenContainerLogResponseSchema;
  },
    execSync: {
    methodKind: "unary";
    input: typeof ExecSyncRequestSchema;
    output: typeof ExecSyncResponseSchema;
  },
    exec: {
    methodKind: "unary";
    input: typeof ExecRequestSchema;
    output: typeof ExecResponseSchema;
  },
    attach: {
    methodKind: "unary";
    input: typeof AttachRequestSchema;
    output: typeof AttachResponseSchema;
  },
    portForward: {
    methodKind: "unary";
    input: typeof PortForwardRequestSchema;
    output: typeof PortForwardResponseSchema;
  },
    listContainerStats: {
    methodKind: "unary";
    input: typeof ListContainerStatsRequestSchema;
    output: typeof ListContainerStatsResponseSchema;
  },
    listPodSandboxStats: {
    methodKind: "unary";
    input: typeof ListPodSandboxStatsRequestSchema;
    output: typeof ListPodSandboxStatsResponseSchema;
  },
    status: {
    methodKind: "unary";
    input: typeof StatusRequestSchema;
    output: typeof StatusResponseSchema;
  },
    getContainerEvents: {
    methodKind: "server_streaming";
    input: typeof GetEventsRequestSchema;
    output: typeof ContainerEventResponseSchema;
  },
    runtimeConfig: {
    methodKind: "unary";
    input: typeof RuntimeConfigRequestSchema;
    output: typeof RuntimeConfigResponseSchema;
  },
}> = /*@__PURE__*/
  serviceDesc(file_cri, 0);
export const ImageService: GenService<{
    listImages: {
    methodKind: "unary";
    input: typeof ListImagesRequestSchema;
    output: typeof ListImagesResponseSchema;
  },
    imageStatus: {
    methodKind: "unary";
    input: typeof ImageStatusRequestSchema;
    output: typeof ImageStatusResponseSchema;
  },
    pullImage: {
    methodKind: "unary";
    input: typeof PullImageRequestSchema;
    output: typeof PullImageResponseSchema;
  },
    removeImage: {
    methodKind: "unary";
    input: typeof RemoveImageRequestSchema;
    output: typeof RemoveImageResponseSchema;
  },
    imageFsInfo: {
    methodKind: "unary";
    input: typeof ImageFsInfoRequestSchema;
    output: typeof ImageFsInfoResponseSchema;
  },
}> = /*@__PURE__*/
  serviceDesc(file_cri, 1);
