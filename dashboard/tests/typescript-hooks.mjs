import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { transformSync } from 'rolldown/experimental';

const TS = /\.tsx?$/;

export const resolve = (specifier, context, next) => {
  if (specifier.startsWith('.') && context.parentURL) {
    const url = new URL(specifier.replace(/\.js$/, '.ts'), context.parentURL);
    if (TS.test(url.pathname) && existsSync(fileURLToPath(url))) return { url: url.href, shortCircuit: true };
  }
  return next(specifier, context);
};

export const load = (url, context, next) => {
  if (!TS.test(new URL(url).pathname) || url.includes('/node_modules/')) return next(url, context);
  const path = fileURLToPath(url);
  const { code } = transformSync(path, readFileSync(path, 'utf8'), { lang: 'ts' });
  return { format: 'module', source: code, shortCircuit: true };
};
