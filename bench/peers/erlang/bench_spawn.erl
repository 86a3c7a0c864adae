%% spawn: nanoseconds to create a process, run it to its end and be told of that, with `alive` of
%% them at a time.
-module(bench_spawn).
-export([setup/1]).

setup(Params) ->
    Alive = bench_peer:number(Params, "alive", 1),
    fun(Ops) -> play(Alive, max(Ops div Alive, 1)) end.

play(Alive, Batches) ->
    Start = erlang:monotonic_time(),
    batches(Alive, Batches),
    [{"value", bench_peer:since(Start) / (Alive * Batches)}].

batches(_, 0) -> ok;
batches(Alive, Left) ->
    create(Alive),
    reap(Alive),
    batches(Alive, Left - 1).

create(0) -> ok;
create(N) ->
    spawn_monitor(fun() -> ok end),
    create(N - 1).

reap(0) -> ok;
reap(N) ->
    receive {'DOWN', _, process, _, normal} -> reap(N - 1) end.
