// DragonFly's pool of tokens (lwkt_token.c): a token for anything that has an address and no token of its own.
//
// There are 16,384, selected by a hash of the address, so two addresses may share one. The original has them
// all from boot on; here each is created when it is first asked for, and kept. They form a tree: the children
// of a token are those whose places differ in the next bit, so that a search takes no more steps than a place
// has bits.
//
// Rejected: an array. It would add two megabytes to each machine, which snapshots and searches copy.
//
// Locking: none needed, since no kernel function gives up its CPU halfway.
import { KOBJ_TOKEN, LwktToken } from "../sys/kobj";
import { Machine } from "../sys/machine";
import { LWKT_POOL_TOKENS, MACHINE_ADDRESS } from "../sys/param";
import { Plant, planted } from "../sys/plant";
import { PoolToken } from "../sys/token";
import { kobj_alloc } from "./kern_kobj";

/**
 * The place of an address's token. The original first reduces modulo primes that are larger than any address
 * here.
 */
function place_of(address: u32): u32 {
  if (planted(Plant.POOL_ONE)) return 0;
  const near = address + (address >> 18);
  const far = (address >> 8) + (address >> 24);
  return (near ^ far) & (LWKT_POOL_TOKENS - 1);
}

/** Address of the link to the token of a place, or where it would be linked. */
function link_of(place: u32): usize {
  let link = MACHINE_ADDRESS + offsetof<Machine>("pool_tokens");
  let bits = place;
  for (let at = load<usize>(link); at != 0; at = load<usize>(link)) {
    if (changetype<PoolToken>(at).pt_place == place) break;
    link = at + ((bits & 1) != 0 ? offsetof<PoolToken>("pt_one") : offsetof<PoolToken>("pt_zero"));
    bits >>= 1;
  }
  return link;
}

/** True for a token of the pool. The place in one that is not is 0, at which it is not found. */
export function is_pool_token(tok: LwktToken): bool {
  return load<usize>(link_of(changetype<PoolToken>(tok).pt_place)) == changetype<usize>(tok);
}

/** True if the token of an address has been created. */
export function lwkt_token_is_pooled(address: u32): bool {
  return load<usize>(link_of(place_of(address))) != 0;
}

/** The token of an address; null if it must be created and the kernel object arena is full. */
export function lwkt_token_pool_lookup(address: u32): LwktToken {
  const place = place_of(address);
  const link = link_of(place);
  const found = load<usize>(link);
  if (found != 0) return changetype<LwktToken>(found);
  const at = kobj_alloc();
  if (at == 0) return changetype<LwktToken>(0);
  const tok = changetype<PoolToken>(at);
  tok.ko_kind = KOBJ_TOKEN; // its CPU, under lwkt, is 0, which boots first
  tok.pt_place = place;
  store<usize>(link, at);
  return tok;
}
