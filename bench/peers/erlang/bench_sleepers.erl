%% sleepers: `threads` processes that wait for a message with a timeout of an hour: the time until
%% all are asleep, the memory of the emulator then, and the time to wake all of them to their end.
-module(bench_sleepers).
-export([setup/1]).

-define(TIMEOUT_MS, 3600000).

setup(Params) ->
    N = bench_peer:number(Params, "threads", 1000000),
    fun(_) -> play(N) end.

play(N) ->
    Conductor = self(),
    Asleep = atomics:new(1, []),
    Start = erlang:monotonic_time(),
    Pids = [spawn(fun() -> sleeper(Asleep, N, Conductor) end) || _ <- lists:seq(1, N)],
    receive all_asleep -> ok end,
    Create = bench_peer:since(Start) / 1.0e6,
    Memory = bench_peer:resident_mb(),
    Woken = erlang:monotonic_time(),
    lists:foreach(fun(Pid) -> Pid ! wake end, Pids),
    receive all_woken -> ok end,
    [{"create", Create}, {"wake", bench_peer:since(Woken) / 1.0e6}, {"memory", Memory}].

sleeper(Awake, N, Conductor) ->
    tell(atomics:add_get(Awake, 1, 1), N, Conductor, all_asleep),
    receive
        wake -> tell(N - atomics:sub_get(Awake, 1, 1), N, Conductor, all_woken)
    after ?TIMEOUT_MS -> exit(timed_out)
    end.

tell(N, N, Conductor, What) -> Conductor ! What;
tell(_, _, _, _) -> ok.
