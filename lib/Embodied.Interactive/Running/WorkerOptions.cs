namespace Embodied.Interactive.Running;

/// <summary>How to start the process that executes a notebook's cells, and what it may use.</summary>
public sealed record WorkerOptions
{
    /// <summary>
    /// The program, and the arguments that make it call <see cref="SessionWorker.Run"/> with whatever arguments follow them.
    /// </summary>
    public required IReadOnlyList<string> Command { get; init; }

    /// <summary>Where relative paths of <c>#load</c>, <c>#r</c> and the notebook's own files begin: the notebook's folder.</summary>
    public required string WorkingDirectory { get; init; }

    /// <summary>The most memory that the process may hold, in bytes; null for <see cref="DefaultMemoryLimit"/>.</summary>
    public long? MemoryLimit { get; init; }

    /// <summary>How many threads torch and its kin may use; null leaves the choice to them.</summary>
    public int? Threads { get; init; }

    /// <summary>How long a cell may take to stop once it is told to.</summary>
    public TimeSpan GracePeriod { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Environment variables set for the process, beside those it inherits; null takes one away.</summary>
    public IReadOnlyDictionary<string, string?> Environment { get; init; } = new Dictionary<string, string?>();

    /// <summary>Whether the process gets this one's environment variables too.</summary>
    public bool InheritEnvironment { get; init; } = true;

    /// <summary>
    /// Whether the command starts the worker in a process namespace of its own that ends with it: the worker sees no parent that it
    /// could watch, and memory is that of everything beneath the process.
    /// </summary>
    public bool Contained { get; init; }

    /// <summary>The most processes that a contained worker and what it starts may be; null for no limit.</summary>
    public int? ProcessLimit { get; init; }

    /// <summary>The longest message that the process may send, in bytes; null for no limit.</summary>
    public int? MessageLimit { get; init; }

    /// <summary>How much the process may send in all, and write to its stdout and stderr, in bytes; null for no limit.</summary>
    public long? OutputLimit { get; init; }

    /// <summary>8 GiB, or three quarters of the machine's memory where that is less.</summary>
    public static long DefaultMemoryLimit { get; } =
        Math.Min(8L << 30, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 4 * 3);
}
