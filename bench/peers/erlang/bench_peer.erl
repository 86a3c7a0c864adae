%% The Erlang bench_peer: one program for all questions; its first argument names the question's module,
%% whose setup/1 returns a function that answers one round. How it talks to the harness is told in
%% ../../README.md.
-module(bench_peer).
-export([main/1, number/3, text/3, since/1, processor_ns/1, resident_mb/0, shuffle/2, random/1,
         seed/0]).

main([Question | Args]) ->
    Params = maps:from_list([list_to_tuple(string:split(A, "=")) || A <- Args]),
    Module = list_to_atom("bench_" ++ Question),
    Round = Module:setup(Params),
    io:put_chars("{\"ready\":1}\n"),
    rounds(Round),
    halt().

rounds(Round) ->
    case io:get_line("") of
        eof -> ok;
        {error, _} -> ok;
        Line ->
            Values = Round(list_to_integer(string:trim(Line))),
            Parts = [io_lib:format("\"~s\":~.4f", [Name, float(V)]) || {Name, V} <- Values],
            io:put_chars(["{", lists:join(",", Parts), "}\n"]),
            rounds(Round)
    end.

number(Params, Name, Fallback) ->
    case Params of
        #{Name := Text} -> list_to_integer(Text);
        _ -> Fallback
    end.

text(Params, Name, Fallback) -> maps:get(Name, Params, Fallback).

%% Nanoseconds since a reading of erlang:monotonic_time().
since(Start) ->
    erlang:convert_time_unit(erlang:monotonic_time() - Start, native, nanosecond).

%% Nanoseconds of processor time that the whole process has used since an earlier reading.
processor_ns(Before) ->
    {Milliseconds, _} = erlang:statistics(runtime),
    Milliseconds * 1000000 - Before.

%% The whole process's resident memory, in megabytes of 10^6 bytes; pages are of 4,096 bytes.
resident_mb() ->
    {ok, Text} = file:read_file("/proc/self/statm"),
    [_, Pages | _] = string:lexemes(Text, " "),
    binary_to_integer(Pages) * 4096 / 1.0e6.

seed() -> 2463534242.

%% xorshift32, as the other peers have it: the next state is also the number.
random(X0) ->
    X1 = X0 bxor ((X0 bsl 13) band 16#ffffffff),
    X2 = X1 bxor (X1 bsr 17),
    X2 bxor ((X2 bsl 5) band 16#ffffffff).

%% The list in an order of its own: sorted by random keys.
shuffle(List, State) -> shuffle(List, State, []).

shuffle([], _, Keyed) -> [X || {_, X} <- lists:sort(Keyed)];
shuffle([X | Rest], State, Keyed) ->
    Next = random(State),
    shuffle(Rest, Next, [{Next, X} | Keyed]).
