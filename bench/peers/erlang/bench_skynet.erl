%% skynet: 1,111,111 processes. Each starts ten until there are a million leaves; a leaf sends its
%% number, and a parent sends the sum of what it received.
-module(bench_skynet).
-export([setup/1]).

-define(CHILDREN, 10).

setup(_) ->
    fun(_) ->
        Start = erlang:monotonic_time(),
        Root = self(),
        spawn(fun() -> node(Root, 0, 1000000) end),
        receive {sum, 499999500000} -> ok end,
        Time = bench_peer:since(Start) / 1.0e6,
        [{"time", Time}, {"memory", bench_peer:resident_mb()}]
    end.

node(Parent, Number, 1) -> Parent ! {sum, Number};
node(Parent, Number, Size) ->
    Self = self(),
    Below = Size div ?CHILDREN,
    lists:foreach(
        fun(I) -> spawn(fun() -> node(Self, Number + I * Below, Below) end) end,
        lists:seq(0, ?CHILDREN - 1)),
    Parent ! {sum, collect(?CHILDREN, 0)}.

collect(0, Sum) -> Sum;
collect(Left, Sum) ->
    receive {sum, N} -> collect(Left - 1, Sum + N) end.
