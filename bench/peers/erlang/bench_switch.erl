%% switch: nanoseconds per turn among processes that call erlang:yield(). The conductor has the
%% highest priority: it lets all of them go before the first runs. Turns go round, so when the last
%% one in the queue has had its share, all have.
-module(bench_switch).
-export([setup/1]).

setup(Params) ->
    process_flag(priority, max),
    N = bench_peer:number(Params, "threads", 2),
    Pids = [spawn(fun wait/0) || _ <- lists:seq(1, N)],
    Ordered = case bench_peer:text(Params, "queue", "in order") of
        "shuffled" -> bench_peer:shuffle(Pids, bench_peer:seed());
        _ -> Pids
    end,
    Last = lists:last(Ordered),
    fun(Ops) -> play(Ordered, Last, N, Ops) end.

play(Pids, Last, N, Ops) ->
    Yields = max(Ops div N - 1, 1),
    Conductor = self(),
    lists:foreach(
        fun(Pid) when Pid =:= Last -> Pid ! {go, Yields, Conductor};
           (Pid) -> Pid ! {go, Yields, nobody}
        end, Pids),
    Start = erlang:monotonic_time(),
    receive done -> ok end,
    [{"value", bench_peer:since(Start) / (N * (Yields + 1))}].

wait() ->
    receive
        {go, Yields, Whom} ->
            turns(Yields),
            tell(Whom),
            wait()
    end.

turns(0) -> ok;
turns(Left) ->
    erlang:yield(),
    turns(Left - 1).

tell(nobody) -> ok;
tell(Conductor) -> Conductor ! done.
