import { dns1035Label, dns1123Subdomain, pathSegment, portNumber } from '#api/names.ts'
import { type FieldError, invalidValue, notSupported, required } from '#api/validation.ts'
import type { APIService, APIServiceSpec, ServiceReference } from '#kinds/facts/generated/types/apiregistration_v1.ts'

const statuses = ['False', 'True', 'Unknown']

/** Bytes of a base64 text. */
const sizeOf = (base64: string | undefined): number => Buffer.from(base64 ?? '', 'base64').byteLength

function checkService({ namespace = '', name = '', port = 443 }: ServiceReference): readonly FieldError[] {
  const at = 'spec.service'
  const wrong = portNumber(port)
  return [
    ...(namespace === '' ? [required(`${at}.namespace`)] : []),
    ...(name === '' ? [required(`${at}.name`)] : []),
    ...(wrong.length === 0 ? [] : [invalidValue(`${at}.port`, port, `port is not valid: ${wrong.join(', ')}`)]),
  ]
}

function checkTrust({ service, caBundle, insecureSkipTLSVerify = false }: APIServiceSpec): readonly FieldError[] {
  const size = sizeOf(caBundle)
  const insecure = (detail: string): FieldError =>
    invalidValue('spec.insecureSkipTLSVerify', insecureSkipTLSVerify, detail)
  if (service !== undefined)
    return insecureSkipTLSVerify && size > 0 ? [insecure('may not be true if caBundle is present')] : []
  return [
    ...(size > 0 ? [invalidValue('spec.caBundle', `${size} bytes`, 'local APIServices may not have a caBundle')] : []),
    ...(insecureSkipTLSVerify ? [insecure('local APIServices may not have insecureSkipTLSVerify')] : []),
  ]
}

function checkNames({
  metadata: { name = '' },
  spec: { group = '', version = '' },
}: APIService): readonly FieldError[] {
  const wanted = `${version}.${group}`
  return [
    ...(name === wanted || pathSegment(name).length > 0
      ? []
      : [invalidValue('metadata.name', name, `must be \`spec.version+"."+spec.group\`: ${JSON.stringify(wanted)}`)]),
    ...(group === '' && version !== 'v1'
      ? [required('spec.group', 'only v1 may have an empty group and it better be legacy kube')]
      : []),
    ...(group === '' ? [] : dns1123Subdomain(group).map(detail => invalidValue('spec.group', group, detail))),
    ...dns1035Label(version).map(detail => invalidValue('spec.version', version, detail)),
  ]
}

function checkPriority(field: string, value: number, most: number): readonly FieldError[] {
  return value > 0 && value <= most
    ? []
    : [invalidValue(`spec.${field}`, value, `must be positive and less than ${most}`)]
}

export function validateAPIService(object: APIService): readonly FieldError[] {
  const { spec } = object
  return [
    ...checkNames(object),
    ...checkPriority('groupPriorityMinimum', spec.groupPriorityMinimum, 20_000),
    ...checkPriority('versionPriority', spec.versionPriority, 1000),
    ...(spec.service === undefined ? [] : checkService(spec.service)),
    ...checkTrust(spec),
  ]
}

export const validateStatus = ({ status }: APIService): readonly FieldError[] =>
  (status?.conditions ?? []).flatMap((one, at) =>
    statuses.includes(one.status) ? [] : [notSupported(`status.conditions[${at}].status`, one.status, statuses)],
  )
