using Embodied.Interactive.Session;

namespace Embodied.Interactive.Packages;

/// <summary>The packages that a session's cells asked for.</summary>
/// <param name="folder">The session's working folder.</param>
internal sealed class SessionPackages(string folder)
{
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(500);
    private readonly List<PackageRequest> known = [];

    /// <summary>Restores what a cell asks for and was not there yet, with a live display of how long it takes.</summary>
    /// <param name="requests">The cell's requests.</param>
    /// <param name="cancellation">Stops the restore.</param>
    /// <exception cref="PackageException">A package cannot be had, or another version of it is loaded.</exception>
    public async Task<PackageFiles> AddAsync(IReadOnlyList<PackageRequest> requests, CancellationToken cancellation)
    {
        PackageRequest[] wanted = [.. requests.Where(request => !IsKnown(request) && HostAssemblies.Path(request.Id) is null).Distinct()];
        string[] own = [.. requests.Select(request => HostAssemblies.Path(request.Id)).OfType<string>()];
        if (own.Length > 0)
        {
            DisplayedNote($"{string.Join(", ", own.Select(Path.GetFileNameWithoutExtension))}: part of the course, whose own copy is used.");
        }
        if (wanted.Length == 0)
        {
            return new PackageFiles(own, []);
        }
        using LiveProgress progress = LiveProgress.Start($"Restoring {string.Join(", ", wanted.Select(request => request.Title))}");
        using Timer timer = new(_ => progress.Report(new TrainingProgress(0, 0, double.NaN)), null, Tick, Tick);
        PackageFiles files = await PackageRestore.RunAsync([.. known, .. wanted], folder, cancellation).ConfigureAwait(false);
        known.AddRange(wanted);
        return files with { Assemblies = [.. own, .. files.Assemblies] };
    }

    private bool IsKnown(PackageRequest request)
    {
        PackageRequest? before = known.Find(other => string.Equals(other.Id, request.Id, StringComparison.OrdinalIgnoreCase));
        return before is not null && (before.Version == request.Version || request.Version == "*" ? true
            : throw new PackageException($"{before.Title} is loaded; to use {request.Title}, restart the session and run the cell again."));
    }

    private static void DisplayedNote(string text) => Display.DisplayedValue.Show(text, "text/plain");
}
