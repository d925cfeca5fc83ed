// Generates client/src/models.ts from openapi.json, which the api's tests keep equal to what is served. `--check` compares.
import { readFileSync, writeFileSync } from 'node:fs';

const here = (name) => new URL(`../${name}`, import.meta.url);
const { components, paths } = JSON.parse(readFileSync(here('openapi.json'), 'utf8'));
const { schemas } = components;
// A request may omit nullable fields.
const bodies = JSON.stringify(Object.values(paths).flatMap((item) => Object.values(item).map(({ requestBody }) => requestBody ?? [])));
const isSent = (key) => bodies.includes(`schemas/${key}"`);
const NAMES = { Event: 'ActivityEvent', Number: 'Decimal' };
const nameOf = (reference) => {
  const name = reference.split('/').pop();
  return NAMES[name] ?? name;
};

const comment = (text, indent) => (text ? `${indent}/** ${text.replaceAll(/\s*\n\s*/g, ' ').trim()} */\n` : '');

const typeOf = (schema, indent) => {
  if (schema.enum) return schema.enum.map((value) => `'${value}'`).join(' | ');
  if (schema.$ref) return nameOf(schema.$ref);
  const some = schema.oneOf ?? schema.anyOf;
  if (some) return some.map((one) => typeOf(one, indent)).join(' | ');
  if (Array.isArray(schema.type)) return schema.type.map((type) => typeOf({ ...schema, type }, indent)).join(' | ');
  switch (schema.type) {
    case 'array': {
      const item = typeOf(schema.items, indent);
      return /[|]/.test(item) ? `(${item})[]` : `${item}[]`;
    }
    case 'object':
      if (schema.properties) return body(schema, indent);
      return `Record<string, ${schema.additionalProperties ? typeOf(schema.additionalProperties, indent) : 'unknown'}>`;
    case 'integer': return 'number';
    default: return schema.type ?? 'unknown';
  }
};

const body = (schema, indent, sent = false) => {
  const inner = `${indent}  `;
  const required = new Set(schema.required);
  const lines = Object.entries(schema.properties ?? {}).map(([name, of]) => {
    const type = typeOf(of, inner);
    // A response writes nullable fields as null and never omits them.
    const isNullable = !required.has(name) && !/\bnull\b/.test(type);
    return `${comment(of.description, inner)}${inner}${name}${sent && !required.has(name) ? '?' : ''}: ${type}${isNullable ? ' | null' : ''};\n`;
  });
  return `{\n${lines.join('')}${indent}}`;
};

const parts = Object.entries(schemas).map(([key, schema]) => {
  const name = NAMES[key] ?? key;
  const text = comment(schema.description, '');
  return schema.type === 'object' ? `${text}export interface ${name} ${body(schema, '', isSent(key))}\n` : `${text}export type ${name} = ${typeOf(schema, '')};\n`;
});
const made = `// Made by scripts/types.mjs from openapi.json.\n\n${parts.join('\n')}`;
const path = here('client/src/models.ts');
if (!process.argv.includes('--check')) writeFileSync(path, made);
else if (readFileSync(path, 'utf8') !== made) {
  console.error('client/src/models.ts is not what openapi.json says: npm run types --prefix dashboard');
  process.exit(1);
}
