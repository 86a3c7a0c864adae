// Table jumps (br_table) become trees of comparisons. The processors of virtual machines often do not
// predict indirect jumps, and then one costs more than a whole kernel call; conditional jumps are
// predicted everywhere, and where both are, five of them cost about as much as one table jump.

import binaryen from "binaryen";

/** Replaces the table jumps of all functions of a Binaryen module. */
export function replaceTableJumps(module) {
  for (let i = 0; i < module.getNumFunctions(); i++) {
    const func = module.getFunctionByIndex(i);
    const body = binaryen.Function.getBody(func);
    if (body !== 0) binaryen.Function.setBody(func, replaceIn(module, body));
  }
}

/** The expression without table jumps among its statements. */
function replaceIn(module, expression) {
  const { Block, If, Loop } = binaryen;
  switch (binaryen.getExpressionId(expression)) {
    case binaryen.BlockId:
      for (let i = 0; i < Block.getNumChildren(expression); i++) {
        Block.setChildAt(expression, i, replaceIn(module, Block.getChildAt(expression, i)));
      }
      return expression;
    case binaryen.IfId: {
      const ifFalse = If.getIfFalse(expression);
      If.setIfTrue(expression, replaceIn(module, If.getIfTrue(expression)));
      if (ifFalse !== 0) If.setIfFalse(expression, replaceIn(module, ifFalse));
      return expression;
    }
    case binaryen.LoopId:
      Loop.setBody(expression, replaceIn(module, Loop.getBody(expression)));
      return expression;
    case binaryen.SwitchId:
      return treeOf(module, expression);
    default:
      return expression;
  }
}

/** The comparisons that lead where a table jump does; the jump itself if its value is not a local's. */
function treeOf(module, jump) {
  const { condition, names, defaultName } = binaryen.getExpressionInfo(jump);
  const place = placeOf(condition);
  if (place === null) return jump;
  const value = () => {
    const local = module.local.get(place.index, binaryen.i32);
    return place.from === 0 ? local : module.i32.sub(local, module.i32.const(place.from));
  };
  const tree = compare(module, value, rangesOf([...names, defaultName]));
  return place.set === null
    ? tree
    : module.block(null, [module.local.set(place.index, place.set), tree]);
}

/** The local whose value, less `from`, a jump goes by, and what the local is set to before, if it is. */
function placeOf(condition) {
  const info = binaryen.getExpressionInfo(condition);
  if (info.id === binaryen.LocalGetId) return { index: info.index, from: 0, set: null };
  if (info.id === binaryen.LocalSetId && info.isTee) {
    return { index: info.index, from: 0, set: info.value };
  }
  if (info.id !== binaryen.BinaryId || info.op !== binaryen.SubInt32) return null;
  const right = binaryen.getExpressionInfo(info.right);
  const left = placeOf(info.left);
  if (left === null || left.from !== 0 || right.id !== binaryen.ConstId) return null;
  return { ...left, from: right.value };
}

/** Runs of values with the same target: where each begins. The last value's target is that of all above. */
function rangesOf(targets) {
  return targets
    .map((target, start) => ({ start, target }))
    .filter(({ start, target }) => target !== targets[start - 1]);
}

function compare(module, value, ranges) {
  if (ranges.length === 1) return module.br(ranges[0].target);
  const middle = ranges.length >> 1;
  return module.if(
    module.i32.lt_u(value(), module.i32.const(ranges[middle].start)),
    compare(module, value, ranges.slice(0, middle)),
    compare(module, value, ranges.slice(middle)),
  );
}
