import { YamlError } from '#codec/errors.ts'
import { parseJson, stringifyJson } from '#codec/json.ts'
import { dumpYaml, parseYaml, parseYamlAll } from '#codec/yaml.ts'
import { refusable, same, type Target } from '../target.ts'

export const yaml: Target = {
  name: 'yaml',
  words: [
    '---\n',
    '- ',
    ': ',
    '&a ',
    '*a',
    '<<: *a',
    '!!binary ',
    '!!set ',
    '|\n',
    '>-\n',
    '? ',
    '{',
    '}',
    '[',
    ']',
    '"',
    "'",
    '\t',
    '0777',
    '.inf',
    'yes',
    '0x1F',
    '1_000',
    '~',
    '#',
    '%YAML 1.1\n',
    '\r\n',
    '\u2028',
    '__proto__: ',
  ],
  rounds: 1500,
  run: input => {
    const documents = refusable(() => parseYamlAll(input), YamlError)
    refusable(() => parseYaml(input), YamlError)
    for (const document of documents ?? []) {
      // What is a JSON value to everybody else.
      const written = stringifyJson(document)
      same(stringifyJson(parseJson(written, { depth: 1000 }).value), written, 'a JSON value')
      same(stringifyJson(parseYaml(dumpYaml(document))), written, 'again')
    }
  },
}
