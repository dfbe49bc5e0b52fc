import assert from 'node:assert/strict'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import { checkedAudit } from './audit-check.ts'

test('a log that is a device or a folder is told before anything starts', async () => {
  for (const path of ['/dev/full', tmpdir()])
    await assert.rejects(checkedAudit({ auditLogPath: path }), /is no plain file: give - for standard output/)
  for (const path of ['-', '', 'audit.log', '/nowhere/audit.log']) await checkedAudit({ auditLogPath: path })
})
