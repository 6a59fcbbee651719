// The faults that programmers make, by kind of statement and expression: what a mutant puts in place of what is there.
import type { CFunction, Tree } from './source.js';

export interface Change {
  /** What kind of fault */
  readonly operator: string;
  /** Range that is replaced */
  readonly begin: number;
  readonly end: number;
  readonly replacement: string;
  /** A statement, not an expression */
  readonly statement: boolean;
  /** Range that tells a reader where this is: the whole expression, if it is not too long */
  readonly around: readonly [number, number];
}

const BINARY: Readonly<Record<string, readonly string[]>> = {
  '<': ['<=', '>='],
  '<=': ['<', '>'],
  '>': ['>=', '<='],
  '>=': ['>', '<'],
  '==': ['!='],
  '!=': ['=='],
  '+': ['-'],
  '-': ['+'],
  '*': ['/'],
  '/': ['*'],
  '%': ['/'],
  '<<': ['>>'],
  '>>': ['<<'],
  '&': ['|'],
  '|': ['&'],
  '^': ['|'],
  '&&': ['||'],
  '||': ['&&'],
};
const ASSIGNMENT: Readonly<Record<string, string>> = {
  '+=': '-=',
  '-=': '+=',
  '|=': '&=',
  '&=': '|=',
  '^=': '|=',
  '<<=': '>>=',
  '>>=': '<<=',
};
const COMPARISON = /^([<>]=?|[=!]=)$/;
const LOGICAL = /^(&&|\|\|)$/;
const INTEGER =
  /^(const )?(_Bool|bool|(unsigned |signed )?(char|short|int|long|long long)|unsigned|enum \w+)$/;
const CONSTANT = /^(IntegerLiteral|CharacterLiteral|UnaryExprOrTypeTraitExpr)$/;
const STATEMENT =
  /^(CallExpr|BinaryOperator|CompoundAssignOperator|UnaryOperator|CStyleCastExpr|BreakStmt|ContinueStmt|ReturnStmt)$/;
/** Where an expression stands for itself: an element of an initialiser */
const APART = /^(InitListExpr|CompoundLiteralExpr)$/;
const LONGEST_CONTEXT = 110;

const isExpression = ({ kind }: Tree): boolean =>
  /(Expr|Operator|Literal)$/.test(kind) && !APART.test(kind);

/** Without casts and parentheses that only the compiler or the reader needs */
function bare(tree: Tree): Tree {
  const [only] = tree.parts;
  return /^(ImplicitCastExpr|ParenExpr|ConstantExpr)$/.test(tree.kind) && only && !tree.macro
    ? bare(only)
    : tree;
}

/** Whether nothing is added by adding it */
function isZero({ value, parts }: Tree): boolean {
  return value === '0' || (value === '' && parts.length === 1 && parts.every(isZero));
}

function isConstant(tree: Tree): boolean {
  return CONSTANT.test(tree.kind) || tree.enumerator || tree.macro;
}

class Finder {
  readonly changes: Change[] = [];
  readonly #text: string;
  readonly #returns: string;

  constructor(text: string, returns: string) {
    this.#text = text;
    this.#returns = returns;
  }

  of({ begin, end }: Tree): string {
    return this.#text.slice(begin, end);
  }

  #change(
    operator: string,
    tree: Tree,
    replacement: string,
    above: readonly Tree[],
    statement = false,
  ): void {
    let around = tree;
    for (const outer of statement ? [] : [...above].reverse()) {
      if (outer.end - outer.begin > LONGEST_CONTEXT) break;
      if (!isExpression(outer) && outer.kind !== 'VarDecl') break;
      around = outer;
    }
    const { begin, end } = tree;
    this.changes.push({
      ...{ operator, begin, end, replacement, statement },
      around: [around.begin, around.end],
    });
  }

  #negate(tree: Tree, above: readonly Tree[]): void {
    const inner = bare(tree);
    // The negation of a comparison is another comparison.
    if (COMPARISON.test(inner.opcode)) return;
    if (inner.kind === 'UnaryOperator' && inner.opcode === '!') return;
    if (isConstant(inner)) return;
    this.#change('negate', tree, `!(${this.of(tree)})`, above);
  }

  #constant(tree: Tree, above: readonly Tree[]): void {
    const text = this.of(tree);
    if (!INTEGER.test(tree.type)) return;
    if (text === 'true' || text === 'false') {
      this.#change('constant', tree, text === 'true' ? 'false' : 'true', above);
      return;
    }
    this.#change('constant', tree, `(${text} + 1)`, above);
    if (!tree.enumerator && !isZero(tree)) this.#change('constant', tree, `(${text} - 1)`, above);
  }

  #binary(tree: Tree, above: readonly Tree[]): void {
    const [left, right] = tree.parts;
    if (!left || !right) return;
    if (/^[+-]$/.test(tree.opcode) && isZero(right)) return;
    for (const other of BINARY[tree.opcode] ?? [])
      this.#change('operator', tree, `(${this.of(left)}) ${other} (${this.of(right)})`, above);
    if (LOGICAL.test(tree.opcode)) {
      this.#change('operand', tree, this.of(left), above);
      this.#change('operand', tree, this.of(right), above);
    }
  }

  #assignment(tree: Tree, above: readonly Tree[]): void {
    const [left, right] = tree.parts;
    const other = ASSIGNMENT[tree.opcode];
    if (left && right && other)
      this.#change('operator', tree, `${this.of(left)} ${other} (${this.of(right)})`, above);
  }

  #unary(tree: Tree, above: readonly Tree[]): void {
    const [operand] = tree.parts;
    if (!operand) return;
    const text = this.of(operand);
    if (tree.opcode === '!' || tree.opcode === '~') this.#change('operator', tree, text, above);
    if (tree.opcode === '++' || tree.opcode === '--') {
      const other = tree.opcode === '++' ? '--' : '++';
      this.#change('operator', tree, tree.postfix ? text + other : other + text, above);
    }
  }

  #returned(tree: Tree, above: readonly Tree[]): void {
    const type = this.#returns;
    const inner = bare(tree);
    if (type === '_Bool' || type === 'bool') this.#negate(tree, above);
    else if (type.startsWith('struct ') && !type.endsWith('*')) {
      const empty = `(${type}){0}`;
      if (this.of(tree) !== empty) this.#change('return', tree, empty, above);
    } else if (isConstant(inner)) return;
    else if (type.endsWith('*')) this.#change('return', tree, `(${type})0`, above);
    else {
      this.#change('return', tree, '0', above);
      this.#change('return', tree, `(${this.of(tree)}) + 1`, above);
    }
  }

  /** A statement may be a block's last; then a return without a value does nothing. */
  #statements(block: Tree, above: readonly Tree[]): void {
    block.parts.forEach((tree, i) => {
      if (!STATEMENT.test(tree.kind)) return;
      if (tree.kind === 'CStyleCastExpr' && bare(tree.parts[0] ?? tree).kind !== 'CallExpr') return;
      if (tree.kind === 'ReturnStmt') {
        const last = i === block.parts.length - 1 && above.length === 0;
        if (tree.parts.length > 0 || last) return;
      }
      this.#change('drop', this.#whole(tree), '', above, true);
    });
  }

  /** With its semicolon */
  #whole(tree: Tree): Tree {
    return { ...tree, end: this.#text.indexOf(';', tree.end) + 1 };
  }

  walk(tree: Tree, above: readonly Tree[]): void {
    const { kind, parts } = tree;
    if (kind === 'ConstantExpr') return; // a case's label
    if (isConstant(tree)) {
      this.#constant(tree, above);
      return;
    }
    const inside = [...above, tree];
    const condition = kind === 'ForStmt' ? this.#forCondition(tree) : parts[0];
    if (condition && /^(IfStmt|WhileStmt|ForStmt|ConditionalOperator)$/.test(kind)) {
      this.#negate(condition, inside);
      if (kind !== 'ConditionalOperator' && !isConstant(bare(condition)))
        this.#change('never', condition, 'false', inside);
    }
    if (kind === 'CompoundStmt') this.#statements(tree, above);
    if (kind === 'CaseStmt' || kind === 'DefaultStmt')
      this.#statements({ ...tree, parts: parts.slice(-1) }, inside);
    if (kind === 'BinaryOperator') this.#binary(tree, above);
    if (kind === 'CompoundAssignOperator') this.#assignment(tree, above);
    if (kind === 'UnaryOperator') this.#unary(tree, above);
    if (kind === 'ReturnStmt' && parts[0]) this.#returned(parts[0], inside);
    for (const part of parts) this.walk(part, inside);
  }

  /** clang leaves out what a for has not; its condition is the first that is true or false. */
  #forCondition({ parts }: Tree): Tree | undefined {
    return parts.find(
      (part) =>
        COMPARISON.test(bare(part).opcode) ||
        LOGICAL.test(bare(part).opcode) ||
        bare(part).opcode === '!',
    );
  }
}

/** All mutants of a function, in the order of the text */
export function changesOf(text: string, { body, returns }: CFunction): Change[] {
  const finder = new Finder(text, returns);
  finder.walk(body, []);
  const seen = new Set<string>();
  return finder.changes.filter(({ begin, end, replacement }) => {
    const key = `${begin} ${end} ${replacement}`;
    return !seen.has(key) && seen.add(key);
  });
}
