// Table jumps (br_table) become trees of comparisons. The processors of virtual machines often do not
// predict indirect jumps, and then one costs more than a whole kernel call; conditional jumps are
// predicted everywhere, and where both are, five of them cost about as much as one table jump.
//
// A tree is balanced by weights where these are known, so that what is common takes few comparisons,
// and otherwise by the number of values.

import binaryen from "binaryen";

/**
 * Replaces the table jumps of all functions of a Binaryen module. `weights` says for the jumps over exactly as
 * many values how often each value occurs; returns how many jumps these were.
 */
export function replaceTableJumps(module, weights = []) {
  const work = { module, weights, weighted: 0, func: 0 };
  for (let i = 0; i < module.getNumFunctions(); i++) {
    const func = module.getFunctionByIndex(i);
    const body = binaryen.Function.getBody(func);
    work.func = func;
    if (body !== 0) binaryen.Function.setBody(func, replaceIn(work, body));
  }
  return work.weighted;
}

/** The expression without table jumps among its statements, which may stand in a value that is kept or dropped. */
function replaceIn(work, expression) {
  const { Block, Drop, If, LocalSet, Loop } = binaryen;
  switch (binaryen.getExpressionId(expression)) {
    case binaryen.BlockId:
      for (let i = 0; i < Block.getNumChildren(expression); i++) {
        Block.setChildAt(expression, i, replaceIn(work, Block.getChildAt(expression, i)));
      }
      return expression;
    case binaryen.IfId: {
      const ifFalse = If.getIfFalse(expression);
      If.setIfTrue(expression, replaceIn(work, If.getIfTrue(expression)));
      if (ifFalse !== 0) If.setIfFalse(expression, replaceIn(work, ifFalse));
      return expression;
    }
    case binaryen.LoopId:
      Loop.setBody(expression, replaceIn(work, Loop.getBody(expression)));
      return expression;
    case binaryen.LocalSetId:
      LocalSet.setValue(expression, replaceIn(work, LocalSet.getValue(expression)));
      return expression;
    case binaryen.DropId:
      Drop.setValue(expression, replaceIn(work, Drop.getValue(expression)));
      return expression;
    case binaryen.SwitchId:
      return treeOf(work, expression);
    default:
      return expression;
  }
}

/** The comparisons that lead where a table jump does. */
function treeOf(work, jump) {
  const { module, func } = work;
  const { condition, names, defaultName } = binaryen.getExpressionInfo(jump);
  // Of the C interface: the wrapper has no name for it.
  const local = binaryen._BinaryenFunctionAddVar(func, binaryen.i32);
  return module.block(null, [
    module.local.set(local, condition),
    compare(module, local, rangesOf(work, [...names, defaultName])),
  ]);
}

/** Runs of values with the same target: where each begins. The last value's target is that of all above. */
function rangesOf(work, targets) {
  const ranges = targets
    .map((target, start) => ({ start, target, weight: 1 }))
    .filter(({ start, target }) => target !== targets[start - 1]);
  const count = ranges.at(-1).start + 1;
  const weights = work.weights.length === count ? work.weights : null;
  if (weights === null) return ranges;
  work.weighted++;
  return ranges.map((range, k) => {
    const end = ranges[k + 1]?.start ?? count;
    return { ...range, weight: weights.slice(range.start, end).reduce((sum, one) => sum + one, 0) };
  });
}

/** The tree over some neighbouring ranges: both sides of a comparison are as heavy as can be. */
function compare(module, local, ranges) {
  if (ranges.length === 1) return module.br(ranges[0].target);
  const middle = middleOf(ranges);
  return module.if(
    module.i32.lt_u(module.local.get(local, binaryen.i32), module.i32.const(ranges[middle].start)),
    compare(module, local, ranges.slice(0, middle)),
    compare(module, local, ranges.slice(middle)),
  );
}

/** Where to split ranges so that the two parts differ least in weight. */
function middleOf(ranges) {
  const total = ranges.reduce((sum, { weight }) => sum + weight, 0);
  let best = 1;
  let least = Number.POSITIVE_INFINITY;
  let below = 0;
  for (let middle = 1; middle < ranges.length; middle++) {
    below += ranges[middle - 1].weight;
    const difference = Math.abs(total - 2 * below);
    if (difference >= least) break;
    [best, least] = [middle, difference];
  }
  return best;
}

/** The weights that stand behind the members of an enum, in a source text: `ADDI, // 20`. */
export function weightsOf(source, name) {
  const body = new RegExp(`enum ${name} \\{\n([^}]*)\n\\}`).exec(source)?.[1];
  if (body === undefined) throw new Error(`There is no enum ${name} with weights.`);
  return body.split("\n").map((line) => {
    const weight = /^ *\w+, *\/\/ *([\d.]+)$/.exec(line)?.[1];
    if (weight === undefined) throw new Error(`enum ${name}: "${line.trim()}" has no weight.`);
    return Number(weight);
  });
}
