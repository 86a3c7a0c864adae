%% wake: nanoseconds per message between two processes that answer each other, on one scheduler or
%% on two. Erlang has one way to wait, so both kinds of waiting are the same here.
-module(bench_wake).
-export([setup/1]).

setup(Params) ->
    Other = case bench_peer:text(Params, "cpus", "same") of
        "across" -> 2;
        _ -> 1
    end,
    fun(Ops) -> play(Ops div 2, Other) end.

%% Both players are bound to their schedulers.
play(Turns, Other) ->
    Conductor = self(),
    Start = erlang:monotonic_time(),
    Answerer = spawn_opt(fun answer/0, [{scheduler, Other}]),
    spawn_opt(fun() -> ask(Answerer, Turns, Conductor) end, [{scheduler, 1}]),
    receive done -> ok end,
    [{"value", bench_peer:since(Start) / (Turns * 2)}].

ask(Answerer, 0, Conductor) ->
    Answerer ! stop,
    Conductor ! done;
ask(Answerer, Turns, Conductor) ->
    Answerer ! self(),
    receive back -> ask(Answerer, Turns - 1, Conductor) end.

answer() ->
    receive
        stop -> ok;
        Asker ->
            Asker ! back,
            answer()
    end.
