// DragonFly's pool of tokens (lwkt_token.c): a token for whatever has an address and no token of its own.
//
// There are 16,384, and a hash of the address says which: two addresses may have one. The original has all of them from
// boot on. Here one is made when it is first asked for, and stays. They hang in a tree: below a token, to either side,
// those whose places differ in the next bit, so that no search takes more steps than a place has bits.
//
// Rejected: an array of them. It would be two megabytes of each machine, which snapshots and searches copy.
//
// Locking: as all that CPUs share and no kernel function leaves half done, it needs none.
import { KOBJ_TOKEN, LwktToken } from "../sys/kobj";
import { Machine } from "../sys/machine";
import { LWKT_POOL_TOKENS, MACHINE_ADDRESS } from "../sys/param";
import { Plant, planted } from "../sys/plant";
import { PoolToken } from "../sys/token";
import { kobj_alloc } from "./kern_kobj";

/** The place of an address's token. The original divides by primes first, which are larger than any address here. */
function place_of(address: u32): u32 {
  if (planted(Plant.POOL_ONE)) return 0;
  const near = address + (address >> 18);
  const far = (address >> 8) + (address >> 24);
  return (near ^ far) & (LWKT_POOL_TOKENS - 1);
}

/** Where the token of a place hangs, or would. */
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

/** The token for an address; null if it has to be made and there is no room for another object. */
export function lwkt_token_pool_lookup(address: u32): LwktToken {
  const place = place_of(address);
  const link = link_of(place);
  const found = load<usize>(link);
  if (found != 0) return changetype<LwktToken>(found);
  const at = kobj_alloc();
  if (at == 0) return changetype<LwktToken>(0);
  const tok = changetype<PoolToken>(at);
  tok.ko_kind = KOBJ_TOKEN; // and its CPU, under lwkt, is the first one, which boots
  tok.pt_place = place;
  store<usize>(link, at);
  return tok;
}
