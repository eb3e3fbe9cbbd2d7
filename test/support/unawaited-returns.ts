import ts from 'typescript';

/** A `return` or an arrow's value that hands out a promise while a resource of the same function is still held. */
export interface UnawaitedReturn {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly text: string;
}

/**
 * Where a function returns a promise, not awaited, within the scope of a `using` or `await using`: the resource is disposed of
 * while the work still needs it (ECMAScript explicit resource management: disposal runs before the returned promise is resolved).
 */
export function unawaitedReturns(program: ts.Program, roots: readonly string[]): UnawaitedReturn[] {
  const checker = program.getTypeChecker();
  const found: UnawaitedReturn[] = [];
  for (const source of program.getSourceFiles()) {
    if (!roots.some((root) => source.fileName.startsWith(root))) continue;
    const visit = (node: ts.Node, holds: boolean): void => {
      if (ts.isFunctionLike(node)) {
        ts.forEachChild(node, (child) => visit(child, false));
        return;
      }
      if (ts.isBlock(node) || ts.isSourceFile(node)) {
        let held = holds;
        for (const statement of node.statements) {
          if (isUsing(statement)) held = true;
          visit(statement, held);
        }
        return;
      }
      if (ts.isReturnStatement(node) && node.expression !== undefined && holds) {
        for (const value of branches(node.expression))
          if (isPromise(checker, value)) {
            const { line } = source.getLineAndCharacterOfPosition(value.getStart());
            found.push({ file: source.fileName, line: line + 1, text: value.getText() });
          }
      }
      ts.forEachChild(node, (child) => visit(child, holds));
    };
    visit(source, false);
  }
  return found;
}

function isUsing(statement: ts.Statement): boolean {
  if (!ts.isVariableStatement(statement)) return false;
  const kind = statement.declarationList.flags & ts.NodeFlags.BlockScoped;
  return kind === ts.NodeFlags.Using || kind === ts.NodeFlags.AwaitUsing;
}

/** `a ? b : c`, `a ?? b` and the like come to one of several values. */
function branches(expression: ts.Expression): ts.Expression[] {
  if (ts.isParenthesizedExpression(expression)) return branches(expression.expression);
  if (ts.isConditionalExpression(expression))
    return [...branches(expression.whenTrue), ...branches(expression.whenFalse)];
  return [expression];
}

function isPromise(checker: ts.TypeChecker, expression: ts.Expression): boolean {
  const type = checker.getTypeAtLocation(expression);
  const parts = type.isUnion() ? type.types : [type];
  return parts.some((part) => part.getProperty('then') !== undefined);
}
