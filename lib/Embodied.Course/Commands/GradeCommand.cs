using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Embodied.Course.Grading;
using Embodied.Interactive.Documents;
using Embodied.Interactive.Running;

namespace Embodied.Course.Commands;

/// <summary><c>course grade</c>: grades what a class handed in.</summary>
internal static class GradeCommand
{
    public static Command Create(CancellationToken cancellation)
    {
        Argument<string> submissions = new("SUBMISSIONS") { Description = "A folder with a folder, zip or notebook for each student, or one of these." };
        Option<string?> output = Values.FilePath("--out", "DIR", "Where the gradebook, the feedback and the results go; a run that was ended goes on there.");
        Option<int?> jobs = Values.WholeNumber("--jobs", "N", 1, 64, "How many submissions at a time; by default one for every two cores.");
        Option<int?> timeout = Values.WholeNumber("--timeout", "S", 1, 3600, "Seconds that a student's cell or function may take; by default 20.");
        Option<int?> memory = Values.WholeNumber("--memory", "MB", 256, 65536, "Memory that a student's code may use; by default 2048.");
        Option<bool> noSandbox = new("--no-sandbox") { Description = "Run students' code with all your rights. Only for code that you trust." };
        Option<int?> parent = new("--parent") { Hidden = true };
        Command command = new("grade", "Grade what a class handed in.") { submissions, output, jobs, timeout, memory, noSandbox, parent };
        command.SetAction((parsed, _) => RunAsync(
            parsed.GetValue(submissions)!, parsed.GetValue(output) ?? throw CommandException.Misuse("'course grade' needs --out DIR, the folder for its results."),
            new Settings(parsed.GetValue(jobs) ?? Math.Max(1, Environment.ProcessorCount / 2), parsed.GetValue(timeout) ?? 20, parsed.GetValue(memory) ?? 2048, parsed.GetValue(noSandbox)),
            parsed.GetValue(parent), cancellation));
        return command;
    }

    private static async Task<int> RunAsync(string from, string folder, Settings settings, int? parent, CancellationToken cancellation)
    {
        if (!Path.Exists(from))
        {
            throw CommandException.Misuse($"There is no '{from}' with submissions.");
        }
        using Sandbox? sandbox = FindSandbox(settings.NoSandbox);
        if (parent is { } process)
        {
            ParentWatch.EndWith(process);
            return await GradeAsync(from, folder, settings, sandbox, cancellation);
        }
        OutputFolder.Prepare(folder);
        int code = await GradingProcess.RunAsync(
            [from, "--out", folder, .. settings.Arguments, "--parent", Environment.ProcessId.ToString(CultureInfo.InvariantCulture)],
            Path.Combine(folder, GradingRun.Results), Tell, cancellation);
        return code is >= 0 and < GradingProcess.Stuck ? code
            : throw CommandException.Failure($"The process that grades ended with code {code} before it came to a submission.");

        static void Tell(int submissions) => Console.Error.WriteLine(submissions == 1
            ? "The process that grades was lost with one submission; a new one goes on and takes that one last."
            : $"The process that grades was lost with one of {submissions} submissions; a new one goes on and takes these last, one at a time.");
    }

    private static async Task<int> GradeAsync(string from, string folder, Settings settings, Sandbox? sandbox, CancellationToken cancellation)
    {
        CourseFolder course = CourseFolder.Find();
        try
        {
            Assignment[] assignments = [.. course.NotebookFiles().Select(Assignment.Load).Where(assignment => assignment.Exercises.Count > 0)];
            List<string> leftOut = [];
            IReadOnlyList<Submission> submissions = Submissions.Find(from, assignments, leftOut.Add);
            leftOut.ForEach(Console.Error.WriteLine);
            if (submissions.Count == 0)
            {
                throw CommandException.Failure($"'{from}' holds no submission.");
            }
            WorkerOptions worker = new() { Command = CourseProcess.Command(CourseProcess.Worker), WorkingDirectory = course.Notebooks, Threads = 1, MemoryLimit = (long)settings.Memory << 20 };
            if (sandbox is not null)
            {
                worker = sandbox.Wrap(worker, new SandboxLimits { Memory = settings.Memory }, Path.Combine(course.Notebooks, "setup.csx"), Path.Combine(course.Root, "data"));
            }
            TimeSpan timeout = TimeSpan.FromSeconds(settings.Timeout);
            GradingRun run = new(course, folder, new GradingOptions(settings.Jobs, new StudentLimits(timeout, timeout), worker));
            Stopwatch clock = Stopwatch.StartNew();
            int fresh = 0;
            IReadOnlyList<GradedSubmission> graded = await run.RunAsync(submissions, Show, cancellation);
            Gradebook.Write(folder, assignments, graded);
            GradingPages.Write(folder, assignments, graded, leftOut);
            Console.WriteLine($"The summary: {Path.Combine(Path.GetFullPath(folder), "index.html")}");
            return 0;

            void Show(GradedSubmission one, int done, bool isNew)
            {
                fresh += isNew ? 1 : 0;
                TimeSpan left = clock.Elapsed / Math.Max(fresh, 1) * (submissions.Count - done);
                string attention = string.Join(", ", one.Result.Exercises.Where(exercise => exercise.Outcome != ExerciseOutcome.Graded).Select(exercise => $"{exercise.Id} {exercise.Outcome}"));
                Console.WriteLine(string.Create(
                    CultureInfo.InvariantCulture,
                    $"[{done}/{submissions.Count}] {one.Student}, {one.Assignment}: {one.Result.Earned:0.##} of {one.Result.Exercises.Sum(exercise => exercise.Points):0.##}{(attention.Length > 0 ? $" ({attention})" : "")}{(isNew && done < submissions.Count ? $"; about {(left.TotalSeconds < 90 ? $"{left.TotalSeconds:0} s" : $"{left.TotalMinutes:0} min")} left" : "")}"));
            }
        }
        catch (Exception e) when (e is AssignmentException or NotebookFormatException)
        {
            throw CommandException.Failure(e.Message);
        }
        catch (CheckerStuckException)
        {
            return GradingProcess.Stuck;
        }
        catch (SessionLostException e)
        {
            throw CommandException.Failure($"A process for students' code {e.Message.TrimEnd('.')}; what was graded until then is kept, and the same command goes on from there.");
        }
    }

    private static Sandbox? FindSandbox(bool without)
    {
        if (without)
        {
            return null;
        }
        Sandbox? sandbox = Sandbox.Find(out string? lack);
        return sandbox ?? throw CommandException.Failure($"Students' code is not run without a sandbox. {lack} --no-sandbox runs it with all your rights, if you trust it.");
    }

    /// <summary>What the command line says.</summary>
    private sealed record Settings(int Jobs, int Timeout, int Memory, bool NoSandbox)
    {
        public IEnumerable<string> Arguments =>
        [
            "--jobs", Text(Jobs), "--timeout", Text(Timeout), "--memory", Text(Memory), .. (string[])(NoSandbox ? ["--no-sandbox"] : []),
        ];

        private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
    }
}
