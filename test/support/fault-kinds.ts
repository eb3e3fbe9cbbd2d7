import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { repositoryRoot } from './repository-root.js';

/** Exported types named `…Fault` in the files below these folders, and the kinds of each. One without any is another's wire form. */
export function faultKinds(folders: readonly string[]): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const folder of folders) {
    const names = readdirSync(join(repositoryRoot, folder), { recursive: true, encoding: 'utf8' });
    for (const name of names.filter((file) => file.endsWith('.ts'))) {
      const text = readFileSync(join(repositoryRoot, folder, name), 'utf8');
      ts.createSourceFile(name, text, ts.ScriptTarget.Latest, true).forEachChild((node) => {
        if (!ts.isInterfaceDeclaration(node) && !ts.isTypeAliasDeclaration(node)) return;
        const exported = node.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) === true;
        const kinds = exported && node.name.text.endsWith('Fault') ? kindsIn(node) : [];
        if (kinds.length > 0) found.set(node.name.text, kinds);
      });
    }
  }
  return found;
}

/** The string literals of every property `kind`. */
function kindsIn(node: ts.Node): string[] {
  if (ts.isPropertySignature(node) && node.name.getText() === 'kind') return literals(node);
  const kinds: string[] = [];
  node.forEachChild((child) => {
    kinds.push(...kindsIn(child));
  });
  return kinds;
}

function literals(node: ts.Node): string[] {
  if (ts.isStringLiteral(node)) return [node.text];
  const texts: string[] = [];
  node.forEachChild((child) => {
    texts.push(...literals(child));
  });
  return texts;
}
