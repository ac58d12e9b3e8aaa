using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Embodied.Notebooks.Tests.Commands;

public sealed class TrainCommandTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("train-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void A_training_writes_its_curve_and_checksum_goes_on_where_it_was_and_refuses_other_options()
    {
        string work = Path.Combine(folder, "work"), results = Path.Combine(folder, "data", "models");
        Directory.CreateDirectory(Path.Combine(folder, "data"));
        string sums = Path.Combine(folder, "data", "SHA256SUMS");
        File.WriteAllText(sums, new string('0', 64) + "  models/dino-trial-scratch.csv\n" + new string('1', 64) + "  photos/cat.png\n");
        ToolResult Train(params string[] more) => CourseTool.Run(
            ["train", "dino", "--trial", "--recipe", "scratch", "--updates", "2", "--batch", "2", "--work", work, "--out", results, .. more]);

        ToolResult first = Train();
        Assert.True(first.ExitCode == 0, first.Error);
        string[] curve = File.ReadAllLines(Path.Combine(results, "dino-trial-scratch.csv"));
        Assert.Equal("update,loss,entropy,divergence,instances,held_out", curve[0]);
        Assert.Equal(["0", "2"], curve[1..].Select(line => line.Split(',')[0]));
        string[] listed = File.ReadAllLines(sums);
        Assert.Equal(["models/dino-trial-scratch.csv", "photos/cat.png"], listed.Select(line => line[66..]));
        Assert.False(listed[0].StartsWith('0'), listed[0]);
        Assert.StartsWith("1111", listed[1], StringComparison.Ordinal);

        ToolResult again = Train();
        Assert.Contains("Going on with dino-trial-scratch at update 2 of 2.", again.Output, StringComparison.Ordinal);
        Assert.Equal(curve, File.ReadAllLines(Path.Combine(results, "dino-trial-scratch.csv")));

        ToolResult other = Train("--seed", "2");
        Assert.Equal(2, other.ExitCode);
        Assert.StartsWith($"'{work}' holds a training with other options; take '--fresh'", other.Error, StringComparison.Ordinal);

        File.WriteAllText(Path.Combine(work, "training.json"), "{");
        ToolResult damaged = Train();
        Assert.Equal(1, damaged.ExitCode);
        Assert.StartsWith($"'{work}' cannot be gone on with", damaged.Error, StringComparison.Ordinal);
        Assert.Single(damaged.Error.Trim().Split('\n'));
    }

    [Fact]
    public void A_table_of_trainings_keeps_its_rows_does_the_missing_one_again_and_refuses_other_options()
    {
        string work = Path.Combine(folder, "work"), results = Path.Combine(folder, "models");
        ToolResult Train(params string[] more) => CourseTool.Run(
            ["train", "vin", "--side", "8", "--seeds", "1", "--maps", "10", "--updates", "3", "--work", work, "--out", results, .. more]);

        ToolResult first = Train();
        Assert.True(first.ExitCode == 0, first.Error);
        string[] table = File.ReadAllLines(Path.Combine(results, "vin-8.csv"));
        Assert.Equal("fraction,kernels,seed,prediction_loss,wrong_moves,success,trajectory_difference,seconds", table[0]);
        Assert.Equal(["0.2,tied,1", "0.2,untied,1", "0.5,tied,1", "0.5,untied,1", "1,tied,1", "1,untied,1"], table[1..].Select(row => string.Join(',', row.Split(',')[..3])));
        Assert.Equal(["vin-8-untied.safetensors", "vin-8.csv", "vin-8.md", "vin-8.safetensors"], Directory.GetFiles(results).Select(Path.GetFileName).Order(StringComparer.Ordinal));

        File.Delete(Path.Combine(work, "untied-50-1.safetensors"));
        ToolResult again = Train();
        Assert.Contains("vin-8: 6 trainings of 3 updates, 5 done.", again.Output, StringComparison.Ordinal);
        Assert.Contains("6 of 6: untied, 50 % of the data, seed 1: success", again.Output, StringComparison.Ordinal);
        // All but the seconds.
        Assert.Equal(table.Select(row => row[..row.LastIndexOf(',')]), File.ReadAllLines(Path.Combine(results, "vin-8.csv")).Select(row => row[..row.LastIndexOf(',')]));

        ToolResult other = Train("--seed", "2");
        Assert.Equal(2, other.ExitCode);
        Assert.StartsWith($"'{work}' holds a table with other options; take '--fresh'", other.Error, StringComparison.Ordinal);
        File.WriteAllText(Path.Combine(work, "rows.csv"), "nothing");
        ToolResult damaged = Train();
        Assert.Equal(1, damaged.ExitCode);
        Assert.StartsWith($"'{work}' cannot be gone on with", damaged.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Interrupting_a_training_saves_it_and_says_so_in_one_sentence()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Signals are sent with kill.");
        string work = Path.Combine(folder, "work"), results = Path.Combine(folder, "models");
        string[] command = ["train", "dino", "--trial", "--recipe", "scratch", "--updates", "100000", "--batch", "2", "--work", work, "--out", results];
        int first = Interrupt("update 0:");
        int second = Interrupt($"Going on with dino-trial-scratch at update {first} of 100000.");
        Assert.True(second >= first);
        Assert.Empty(Directory.GetFiles(results));

        int Interrupt(string after)
        {
            using Process process = CourseTool.Start(command);
            string? line;
            while ((line = process.StandardOutput.ReadLine()) is not null && !line.StartsWith(after, StringComparison.Ordinal))
            {
            }
            Assert.NotNull(line);
            Process.Start("kill", ["-INT", $"{process.Id}"]).WaitForExit();
            process.StandardOutput.ReadToEnd();
            string error = process.StandardError.ReadToEnd().Trim();
            process.WaitForExit();
            Assert.Equal(130, process.ExitCode);
            Match told = Regex.Match(error, @"^Interrupted, and saved at update (\d+) of 100000; the same command goes on from there\.$");
            Assert.True(told.Success, error);
            return int.Parse(told.Groups[1].ValueSpan, CultureInfo.InvariantCulture);
        }
    }
}
