using System.Diagnostics;
using System.Text.Json.Nodes;
using Embodied.Course.Kernel.Wire;

namespace Embodied.Notebooks.Tests.Kernel;

public sealed class KernelTests : IClassFixture<KernelTests.Running>
{
    private readonly KernelClient client;

    public KernelTests(Running running) => client = running.Client;

    public sealed class Running : IDisposable
    {
        internal KernelClient Client { get; } = new();

        public void Dispose() => Client.Dispose();
    }

    [Fact]
    public void A_cell_is_announced_run_and_answered_in_the_protocols_order()
    {
        (JsonObject reply, IReadOnlyList<KernelMessage> told) = client.Execute("Console.Write(\"hi\"); display(HTML(\"<b>x</b>\")); 6 * 7");
        Assert.Equal("ok", reply["status"]!.GetValue<string>());
        Assert.Equal(["status", "execute_input", "stream", "display_data", "execute_result", "status"], told.Select(message => message.Header.Type));
        Assert.Equal("hi", told[2].Content["text"]!.GetValue<string>());
        Assert.Equal(["text/html", "text/plain"], told[3].Content["data"]!.AsObject().Select(entry => entry.Key).Order());
        Assert.Equal("42", told[4].Content["data"]!["text/plain"]!.GetValue<string>());
        Assert.Equal(reply["execution_count"]!.GetValue<int>(), told[4].Content["execution_count"]!.GetValue<int>());
    }

    [Fact]
    public void Silence_history_and_user_expressions_are_honoured()
    {
        int before = client.Execute("1").Reply["execution_count"]!.GetValue<int>();
        (JsonObject silent, IReadOnlyList<KernelMessage> told) = client.Execute("2", new JsonObject { ["silent"] = true });
        Assert.Equal(["status", "status"], told.Select(message => message.Header.Type));
        Assert.Equal(before, silent["execution_count"]!.GetValue<int>());
        JsonObject reply = client.Execute("int seen = 4;", new JsonObject { ["user_expressions"] = new JsonObject { ["good"] = "seen + 1", ["bad"] = "unseen" } }).Reply;
        Assert.Equal("5", reply["user_expressions"]!["good"]!["data"]!["text/plain"]!.GetValue<string>());
        Assert.Equal("error", reply["user_expressions"]!["bad"]!["status"]!.GetValue<string>());
        JsonArray tail = client.Ask("history_request", new JsonObject { ["hist_access_type"] = "tail", ["n"] = 1 }).Content["history"]!.AsArray();
        Assert.Equal("int seen = 4;", tail[0]![2]!.GetValue<string>());
        JsonArray found = client.Ask("history_request", new JsonObject { ["hist_access_type"] = "search", ["pattern"] = "*s??n =*" }).Content["history"]!.AsArray();
        Assert.Single(found);
    }

    [Fact]
    public void An_error_names_its_type_and_line_and_aborts_what_waits()
    {
        string slow = client.Send("execute_request", new JsonObject { ["code"] = "await Task.Delay(300);\nthrow new InvalidOperationException(\"no\");" });
        string waiting = client.Send("execute_request", new JsonObject { ["code"] = "1" });
        JsonObject error = client.Receive(slow).Content;
        Assert.Equal(("error", "InvalidOperationException", "no"), (error["status"]!.GetValue<string>(), error["ename"]!.GetValue<string>(), error["evalue"]!.GetValue<string>()));
        Assert.Contains("line 2", error["traceback"]!.AsArray()[1]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Equal("aborted", client.Receive(waiting).Content["status"]!.GetValue<string>());
        Assert.Equal("ok", client.Execute("1").Reply["status"]!.GetValue<string>());
    }

    [Fact]
    public void While_a_cell_runs_control_answers_and_an_interrupt_ends_it()
    {
        client.Execute("int kept = 11;");
        string id = client.Send("execute_request", new JsonObject { ["code"] = "Console.Write(\"on\"); while (true) { }" });
        client.WaitFor(id, "stream");
        Assert.Equal("ok", client.Ask("kernel_info_request", [], onControl: true).Content["status"]!.GetValue<string>());
        Assert.True(client.HeartBeats());
        Stopwatch clock = Stopwatch.StartNew();
        client.Ask("interrupt_request", [], onControl: true);
        JsonObject reply = client.Receive(id).Content;
        Assert.Equal("error", reply["status"]!.GetValue<string>());
        Assert.True(clock.ElapsedMilliseconds < 1500, $"took {clock.ElapsedMilliseconds} ms");
        Assert.Equal("11", client.Execute("kept").Told.Single(message => message.Header.Type == "execute_result").Content["data"]!["text/plain"]!.GetValue<string>());
    }

    [Fact]
    public void What_a_cell_reads_the_person_is_asked_for()
    {
        string id = client.Send("execute_request", new JsonObject { ["code"] = "Console.ReadLine() + Embodied.Interactive.Cell.ReadPassword(\"key\")", ["allow_stdin"] = true });
        Assert.False(client.AnswerInput(id, "open ")["password"]!.GetValue<bool>());
        JsonObject second = client.AnswerInput(id, "sesame");
        Assert.Equal(("key", true), (second["prompt"]!.GetValue<string>(), second["password"]!.GetValue<bool>()));
        Assert.Equal("open sesame", client.WaitFor(id, "execute_result").Content["data"]!["text/plain"]!.GetValue<string>());
        Assert.Equal("ok", client.Receive(id).Content["status"]!.GetValue<string>());
        Assert.Contains("null", client.Execute("Console.ReadLine()").Told.Single(message => message.Header.Type == "execute_result").Content.ToJsonString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("1 + 1", "complete")]
    [InlineData("for (int i = 0; i < 3; i++) {", "incomplete")]
    [InlineData("/* open", "incomplete")]
    [InlineData("@\"open", "incomplete")]
    [InlineData("int int = 3;", "invalid")]
    [InlineData("1 +* 2 )", "invalid")]
    public void A_console_learns_whether_to_ask_for_more(string code, string status) =>
        Assert.Equal(status, client.Ask("is_complete_request", new JsonObject { ["code"] = code }).Content["status"]!.GetValue<string>());

    [Fact]
    public void Completion_and_inspection_count_characters_as_the_protocol_does()
    {
        JsonObject found = client.Ask("complete_request", new JsonObject { ["code"] = "\"😀\"; Math.Ab", ["cursor_pos"] = 12 }).Content;
        Assert.Equal(["Abs"], found["matches"]!.AsArray().Select(match => match!.GetValue<string>()));
        Assert.Equal((10, 12), (found["cursor_start"]!.GetValue<int>(), found["cursor_end"]!.GetValue<int>()));
        JsonObject seen = client.Ask("inspect_request", new JsonObject { ["code"] = "Math.Abs(-1)", ["cursor_pos"] = 6 }).Content;
        Assert.True(seen["found"]!.GetValue<bool>());
        Assert.StartsWith("static int System.Math.Abs(int value)", seen["data"]!["text/plain"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.False(client.Ask("inspect_request", new JsonObject { ["code"] = "   ", ["cursor_pos"] = 1 }).Content["found"]!.GetValue<bool>());
    }

    [Fact]
    public void Pages_and_cells_talk_over_comms()
    {
        Assert.Equal("ok", client.Execute("""
            using Embodied.Interactive;
            using System.Text.Json.Nodes;
            Comm? line = null;
            Comm.Target("adder", (comm, first) =>
            {
                line = comm;
                comm.Received += data => { Console.Write("heard"); comm.Send(new JsonObject { ["sum"] = (int)data["a"]! + (int)first["b"]! }); };
                comm.Closed += data => Console.Write("bye " + data["why"]);
            });
            """).Reply["status"]!.GetValue<string>());
        client.Told(client.Send("comm_open", new JsonObject { ["comm_id"] = "c1", ["target_name"] = "adder", ["data"] = new JsonObject { ["b"] = 2 } }));
        Assert.Equal("adder", Comms("adder")["c1"]!["target_name"]!.GetValue<string>());
        Assert.Empty(Comms("other"));

        IReadOnlyList<KernelMessage> told = client.Told(client.Send("comm_msg", new JsonObject { ["comm_id"] = "c1", ["data"] = new JsonObject { ["a"] = 40 } }));
        Assert.Equal(["status", "stream", "comm_msg", "status"], told.Select(message => message.Header.Type));
        Assert.Equal(("c1", 42), (told[2].Content["comm_id"]!.GetValue<string>(), told[2].Content["data"]!["sum"]!.GetValue<int>()));

        told = client.Told(client.Send("comm_msg", new JsonObject { ["comm_id"] = "c1", ["data"] = new JsonObject { ["a"] = "many" } }));
        Assert.Contains(told, message => message.Header.Type == "error");
        told = client.Told(client.Send("comm_close", new JsonObject { ["comm_id"] = "c1", ["data"] = new JsonObject { ["why"] = "done" } }));
        Assert.Equal("bye done", told.Single(message => message.Header.Type == "stream").Content["text"]!.GetValue<string>());
        Assert.Empty(Comms("adder"));
        Assert.Contains("is closed", client.Execute("line!.Send(new JsonObject())").Reply["evalue"]!.GetValue<string>(), StringComparison.Ordinal);

        told = client.Execute("""Comm own = Comm.Open("chart", new JsonObject { ["x"] = 1 }); own.Close();""").Told;
        Assert.Equal(["comm_open", "comm_close"], told.Select(message => message.Header.Type).Where(type => type.StartsWith("comm", StringComparison.Ordinal)));
        Assert.Equal("chart", told.First(message => message.Header.Type == "comm_open").Content["target_name"]!.GetValue<string>());

        JsonObject Comms(string target) => client.Ask("comm_info_request", new JsonObject { ["target_name"] = target }).Content["comms"]!.AsObject();
    }

    [Fact]
    public void A_comm_that_nobody_listens_for_is_closed_again()
    {
        string id = client.Send("comm_open", new JsonObject { ["comm_id"] = "c9", ["target_name"] = "nobody", ["data"] = new JsonObject() });
        Assert.Equal("c9", client.WaitFor(id, "comm_close").Content["comm_id"]!.GetValue<string>());
    }

    [Fact]
    public void Two_clients_share_a_session_and_each_gets_its_own_answers()
    {
        using KernelClient second = new(client);
        client.Execute("int shared = 0;");
        Parallel.Invoke(() => Count(client), () => Count(second));
        Assert.Equal("200", Value(client.Execute("shared").Told));

        // What one runs the other hears of, told whose it is.
        string id = client.Send("execute_request", new JsonObject { ["code"] = "Console.Write(\"for all\")" });
        Assert.Equal("for all", second.Told(id).Single(message => message.Header.Type == "stream").Content["text"]!.GetValue<string>());
        client.Receive(id);

        static void Count(KernelClient one)
        {
            for (int i = 1; i <= 100; i++)
            {
                Assert.Equal("ok", one.Execute("shared++;").Reply["status"]!.GetValue<string>());
            }
        }
    }

    [Theory]
    [InlineData("while (true) { }")]
    [InlineData("again: goto again;")]
    [InlineData("Parallel.For(0, int.MaxValue, i => { kept = 12; })")]
    [InlineData("await Task.Delay(60_000)")]
    [InlineData("Thread.Sleep(60_000)")]
    [InlineData("Task.Delay(60_000).Wait()")]
    [InlineData("Console.ReadLine()")]
    [InlineData("while (true) { try { Thread.Sleep(10); } catch { } }")]
    [InlineData("int Down(int n) => n == 0 ? 0 : Down(n - 1); while (Down(100) == 0) ;")]
    public void Stop_ends_a_cell_within_half_a_second_and_its_variables_stay(string code)
    {
        client.Execute("using System.Threading; int kept = 11;");
        string id = client.Send("execute_request", new JsonObject { ["code"] = $"kept++; Console.Write(\"on\"); {code}", ["allow_stdin"] = true });
        client.WaitFor(id, "stream");
        Stopwatch clock = Stopwatch.StartNew();
        client.Ask("interrupt_request", [], onControl: true);
        JsonObject reply = client.Receive(id).Content;
        Assert.Equal("error", reply["status"]!.GetValue<string>());
        Assert.EndsWith("was stopped.", reply["evalue"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.True(clock.ElapsedMilliseconds < 500, $"took {clock.ElapsedMilliseconds} ms");
        Assert.Equal("12", Value(client.Execute("kept").Told));
    }

    private static string Value(IEnumerable<KernelMessage> told) =>
        told.Single(message => message.Header.Type == "execute_result").Content["data"]!["text/plain"]!.GetValue<string>();
}

/// <summary>What must not wear a kernel out: each has one of its own.</summary>
public sealed class KernelEnduranceTests
{
    [Fact]
    public void A_thousand_cells_run_in_a_row_and_the_last_sees_the_first()
    {
        using KernelClient client = new();
        for (int i = 0; i < 1000; i++)
        {
            Assert.Equal("ok", client.Execute($"int v{i} = {(i == 0 ? "1" : $"v{i - 1} + 1")};").Reply["status"]!.GetValue<string>());
        }
        (JsonObject reply, IReadOnlyList<KernelMessage> told) = client.Execute("v0 + v999");
        Assert.Equal(1001, reply["execution_count"]!.GetValue<int>());
        Assert.Equal("1001", told.Single(message => message.Header.Type == "execute_result").Content["data"]!["text/plain"]!.GetValue<string>());
    }

    [Fact]
    public void Three_hundred_cells_take_at_most_250_MB()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Resident memory is measured as Linux counts it.");
        using KernelClient client = new();
        for (int i = 0; i < 300; i++)
        {
            client.Execute($"{i} + 1");
        }
        client.Process.Refresh();
        double megabytes = client.Process.WorkingSet64 / (1024.0 * 1024.0);
        TestContext.Current.TestOutputHelper!.WriteLine($"{megabytes:0} MB");
        Assert.InRange(megabytes, 50, 250);
    }

    [Fact]
    public async Task After_ten_thousand_messages_that_make_no_sense_the_kernel_still_answers()
    {
        using KernelClient client = new();
        WireFormat wire = new("secret"), forger = new("guessed");
        Random random = new(5);
        client.Execute("int before = 7;");
        for (int i = 0; i < 10_000; i++)
        {
            client.SendFrames(i % 4 == 0 ? OutOfOrder(random, wire) : Broken(random, wire, forger), onControl: i % 3 == 0);
        }
        Assert.Contains("CS0103", client.Execute("forged").Reply["evalue"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Equal("7", client.Execute("before").Told.Single(message => message.Header.Type == "execute_result").Content["data"]!["text/plain"]!.GetValue<string>());
        Assert.Equal("ok", client.Ask("kernel_info_request", [], onControl: true).Content["status"]!.GetValue<string>());
        Assert.True(client.HeartBeats());
        client.Process.Kill();
        string log = await client.Log;
        Assert.Contains("Dropped: ", log, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", log, StringComparison.Ordinal);
    }

    // Well signed, and senseless: replies, answers to no question, comms that are not open, requests without what they need.
    private static IReadOnlyList<byte[]> OutOfOrder(Random random, WireFormat wire)
    {
        string[] types =
        [
            "input_reply", "execute_reply", "status", "comm_msg", "comm_close", "comm_open", "interrupt_request", "complete_request", "inspect_request",
            "history_request", "is_complete_request", "comm_info_request", "no_such_request", "", "kernel_info_request", "stream",
        ];
        JsonNode?[] values = [null, 3, "text", true, new JsonArray(1, "a"), new JsonObject { ["x"] = 1 }, -1, 1e99];
        JsonObject content = [];
        foreach (string name in (string[])["code", "cursor_pos", "comm_id", "target_name", "data", "value", "hist_access_type", "n", "session", "start", "stop", "pattern", "detail_level"])
        {
            if (random.Next(2) == 0)
            {
                content[name] = values[random.Next(values.Length)]?.DeepClone();
            }
        }
        return wire.Encode(new KernelMessage([], MessageHeader.New(types[random.Next(types.Length)], "x"), null, [], content, []));
    }

    private static IReadOnlyList<byte[]> Broken(Random random, WireFormat wire, WireFormat forger)
    {
        KernelMessage request = new([], MessageHeader.New("execute_request", "x"), null, [], new JsonObject { ["code"] = "int forged = 1;" }, []);
        if (random.Next(3) == 0)
        {
            return forger.Encode(request);
        }
        IReadOnlyList<byte[]> good = wire.Encode(request);
        byte[][] frames = [.. good.Take(random.Next(1, good.Count + 1)).Select(frame => (byte[])frame.Clone())];
        byte[] hit = frames[random.Next(frames.Length)];
        if (hit.Length > 0)
        {
            hit[random.Next(hit.Length)] ^= (byte)(1 + random.Next(255));
        }
        // A frame that was hit before the delimiter is part of the route, and the rest is a good request: the delimiter goes too.
        return frames.Length == good.Count && frames.Zip(good).All(pair => pair.First.AsSpan().SequenceEqual(pair.Second)) ? frames[1..] : frames;
    }
}

public sealed class KernelLifetimeTests
{
    [Fact]
    public void Shutdown_is_answered_and_ends_the_process_also_while_a_cell_runs()
    {
        using KernelClient client = new();
        string id = client.Send("execute_request", new JsonObject { ["code"] = "Console.Write(\"on\"); while (true) { }" });
        client.WaitFor(id, "stream");
        JsonObject reply = client.Ask("shutdown_request", new JsonObject { ["restart"] = true }, onControl: true).Content;
        Assert.Equal(("ok", true), (reply["status"]!.GetValue<string>(), reply["restart"]!.GetValue<bool>()));
        Assert.True(client.Process.WaitForExit(TimeSpan.FromSeconds(10)), "the kernel did not end");
        Assert.Equal(0, client.Process.ExitCode);
    }

    [Fact]
    public void A_kernel_ends_with_its_parent()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "The parent is a shell's sleep.");
        using Process parent = Process.Start("sleep", ["600"]);
        using KernelClient client = new(parent.Id);
        parent.Kill();
        Assert.True(client.Process.WaitForExit(TimeSpan.FromSeconds(10)), "the kernel outlived its parent");
    }

    [Fact]
    public void History_is_kept_across_sessions()
    {
        string file = Path.Combine(Path.GetTempPath(), $"history-{Guid.NewGuid():N}.jsonl");
        try
        {
            using (KernelClient first = new(history: file))
            {
                first.Execute("int first = 1;");
            }
            File.AppendAllText(file, "{\"Session\": 1, half a line");
            using KernelClient second = new(history: file);
            second.Execute("int second = 2;");
            JsonArray before = second.Ask("history_request", new JsonObject { ["hist_access_type"] = "range", ["session"] = -1 }).Content["history"]!.AsArray();
            Assert.Equal("int first = 1;", before.Single()![2]!.GetValue<string>());
            JsonArray tail = second.Ask("history_request", new JsonObject { ["hist_access_type"] = "tail", ["n"] = 5 }).Content["history"]!.AsArray();
            Assert.Equal([1, 2], tail.Select(entry => entry![0]!.GetValue<int>()));
        }
        finally
        {
            File.Delete(file);
        }
    }
}
