// From a graph of blocks to the nested blocks and loops of WebAssembly.
//
// A region is a list of parts in an order in which all edges go forwards. A part is a single node, or a loop:
// a strongly connected component, whose inside is the region that remains when the edges to one of its nodes,
// the header, are taken away. Where a loop is also entered at other nodes than its header, a number says
// at which: it is tested where the region inside begins.

/** A graph: the successors of each node, which are numbers from 0 on. */
export type Graph = readonly (readonly number[])[];

/** A node, or a loop. */
export interface Part {
  /** Where the part begins: the node, or the loop's header. */
  readonly first: number;
  /** The inside of a loop. */
  readonly loop: Region | null;
  readonly nodes: readonly number[];
}

/** Parts in an order in which edges go forwards, apart from those to `header`. */
export interface Region {
  readonly header: number;
  readonly parts: readonly Part[];
  /** The index of the part that a node belongs to. */
  readonly partOf: ReadonlyMap<number, number>;
}

/** The regions of a graph, and a number from 1 on for each node that needs one to be entered at. */
export interface Structure {
  readonly top: Region;
  readonly numbers: ReadonlyMap<number, number>;
}

/** No node: the header of the region that is not a loop's inside. */
export const NO_NODE = -1;

/** In the order of nodes: not seen yet, and part of a component that is complete. */
const UNSEEN = -1;
const DONE = -2;

/** Structures the part of a graph that can be reached from node 0, the only one that is entered at first. */
export function structureOf(graph: Graph): Structure {
  const builder = new Builder(graph);
  const top = builder.region(reachable(graph), NO_NODE);
  const numbers = new Map<number, number>();
  numberNodes(top, builder.entered, numbers);
  return { top, numbers };
}

function reachable(graph: Graph): number[] {
  const seen = new Set([0]);
  const work = [0];
  for (let node = work.pop(); node !== undefined; node = work.pop()) {
    for (const next of graph[node] ?? []) {
      if (seen.has(next)) continue;
      seen.add(next);
      work.push(next);
    }
  }
  return [...seen];
}

/** Numbers the nodes of a part one behind the other, so that a comparison tells parts apart. */
function numberNodes(region: Region, entered: ReadonlySet<number>, numbers: Map<number, number>) {
  for (const { first, loop } of region.parts) {
    if (loop !== null) numberNodes(loop, entered, numbers);
    else if (entered.has(first)) numbers.set(first, numbers.size + 1);
  }
}

class Builder {
  /** The nodes that need a number: node 0 chooses among its successors by it. */
  readonly entered: Set<number>;
  private readonly predecessors: number[][];
  /** The region that a node is in: it changes on the way down. */
  private readonly regionOf: Int32Array;
  /** While components are looked for: when a node was first seen, or DONE; and the first seen that it leads back to. */
  private readonly order: Int32Array;
  private readonly low: Int32Array;
  private regions = 0;

  constructor(private readonly graph: Graph) {
    this.entered = new Set(graph[0]);
    this.predecessors = graph.map(() => []);
    for (const [node, successors] of graph.entries()) {
      for (const next of successors) this.predecessors[next]?.push(node);
    }
    this.regionOf = new Int32Array(graph.length).fill(-1);
    this.order = new Int32Array(graph.length);
    this.low = new Int32Array(graph.length);
  }

  /** The region of some nodes, without the edges to `header`. */
  region(nodes: readonly number[], header: number): Region {
    const id = this.regions++;
    for (const node of nodes) this.regionOf[node] = id;
    const components = this.components(nodes, id, header);
    const parts = components.map((component) => this.part(component, header));
    const partOf = new Map<number, number>();
    for (const [index, part] of parts.entries()) {
      for (const node of part.nodes) partOf.set(node, index);
    }
    return { header, parts, partOf };
  }

  private part(nodes: readonly number[], outer: number): Part {
    const [only] = nodes as [number, ...number[]];
    if (nodes.length === 1 && (only === outer || !this.graph[only]?.includes(only))) {
      return { first: only, loop: null, nodes };
    }
    const inside = new Set(nodes);
    const isEntered = (node: number) =>
      node === 0 || (this.predecessors[node]?.some((from) => !inside.has(from)) ?? false);
    const candidates = nodes.filter(isEntered);
    const header = this.headerOf(inside, candidates);
    for (const node of candidates) if (node !== header) this.entered.add(node);
    return { first: header, loop: this.region(nodes, header), nodes };
  }

  /** Of the nodes at which a loop is entered that to which most of its own edges go. */
  private headerOf(inside: ReadonlySet<number>, candidates: readonly number[]): number {
    let best = candidates[0] as number;
    let most = -1;
    for (const node of candidates) {
      if (node === 0) return 0;
      const count = this.predecessors[node]?.filter((from) => inside.has(from)).length ?? 0;
      if (count <= most) continue;
      [best, most] = [node, count];
    }
    return best;
  }

  /** The strongly connected components of a region, those first that others are reached from (Tarjan). */
  private components(nodes: readonly number[], id: number, header: number): number[][] {
    const { graph, order, low, regionOf } = this;
    for (const node of nodes) order[node] = UNSEEN;
    const found: number[][] = [];
    const open: number[] = [];
    const path: number[] = [];
    const nexts: number[] = [];
    let count = 0;
    const begin = (node: number) => {
      order[node] = low[node] = count++;
      open.push(node);
      path.push(node);
      nexts.push(0);
    };
    const visit = (root: number) => {
      begin(root);
      while (path.length > 0) {
        const top = path.length - 1;
        const node = path[top] as number;
        const next = nexts[top] as number;
        nexts[top] = next + 1;
        const to = graph[node]?.[next];
        if (to === undefined) {
          path.pop();
          nexts.pop();
          const parent = path[top - 1];
          const reached = low[node] as number;
          if (parent !== undefined && reached < (low[parent] as number)) low[parent] = reached;
          if (reached !== order[node]) continue;
          const component = open.splice(open.lastIndexOf(node));
          for (const member of component) order[member] = DONE;
          found.push(component);
        } else if (to === header || regionOf[to] !== id) continue;
        else if (order[to] === UNSEEN) begin(to);
        else if (order[to] !== DONE && (order[to] as number) < (low[node] as number)) {
          low[node] = order[to] as number;
        }
      }
    };
    if (header !== NO_NODE) visit(header);
    for (const node of nodes) if (order[node] === UNSEEN) visit(node);
    return found.reverse();
  }
}
