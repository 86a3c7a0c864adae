%% timers: nanoseconds per erlang:send_after to arm `timers` of them (due in one to two hours,
%% in whole seconds), to cancel them all, and, when as many are armed again for the near future,
%% processor time to let them fire.
-module(bench_timers).
-export([setup/1]).

-define(HOUR_S, 3600).

setup(Params) ->
    N = bench_peer:number(Params, "timers", 1000000),
    process_flag(message_queue_data, off_heap),
    fun(_) -> play(N) end.

play(N) ->
    {Arm, Timers} = arm(N, ?HOUR_S, ?HOUR_S, 1000),
    Start = erlang:monotonic_time(),
    lists:foreach(fun(Timer) -> erlang:cancel_timer(Timer) end, Timers),
    Cancel = bench_peer:since(Start),
    arm(N, 2 * Arm div 1000000, 100, 1),
    Used = bench_peer:processor_ns(0),
    collect(N),
    [{"arm", Arm / N}, {"cancel", Cancel / N}, {"fire", bench_peer:processor_ns(Used) / N}].

%% Arms all for Least to Least + Spread units of so many milliseconds.
arm(N, Least, Spread, UnitMs) ->
    Start = erlang:monotonic_time(),
    Timers = arm(N, Least, Spread, UnitMs, bench_peer:seed(), []),
    {bench_peer:since(Start), Timers}.

arm(0, _, _, _, _, Timers) -> Timers;
arm(N, Least, Spread, UnitMs, State, Timers) ->
    Next = bench_peer:random(State),
    Timer = erlang:send_after((Least + Next rem Spread) * UnitMs, self(), fired),
    arm(N - 1, Least, Spread, UnitMs, Next, [Timer | Timers]).

collect(0) -> ok;
collect(Left) ->
    receive fired -> collect(Left - 1) end.
