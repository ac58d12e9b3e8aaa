using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Embodied.Evaluation;

/// <summary>
/// The memory that native code holds, tensors above all: what a graph keeps is not seen by .NET. On Linux the C library knows it to the byte; elsewhere
/// it is the process's private memory, in which small things drown.
/// </summary>
public static partial class NativeMemory
{
    /// <summary>Bytes in use now.</summary>
    public static long InUse()
    {
        if (OperatingSystem.IsLinux())
        {
            try
            {
                MallocInfo info = mallinfo2();
                return (long)(info.InMappedBlocks + info.InUse);
            }
            catch (EntryPointNotFoundException)
            {
                // Another C library, or one older than 2.33.
            }
        }
        using var process = Process.GetCurrentProcess();
        return process.PrivateMemorySize64;
    }

    /// <summary>Bytes that an action's result keeps in use, measured while it is alive.</summary>
    /// <param name="keep">Gives what is to be weighed.</param>
    public static long Of(Func<IDisposable> keep)
    {
        // What others have left for the collector must not go while this is weighed.
        GC.Collect();
        GC.WaitForPendingFinalizers();
        long before = InUse();
        using IDisposable kept = keep();
        return InUse() - before;
    }

    [LibraryImport("libc")]
    private static partial MallocInfo mallinfo2();

    // glibc's struct mallinfo2: ten sizes.
    [StructLayout(LayoutKind.Sequential)]
    private readonly struct MallocInfo
    {
        private readonly nuint arena, freeChunks, fastChunks, mappedBlocks;
        public readonly nuint InMappedBlocks;
        private readonly nuint highest, freeInFast;
        public readonly nuint InUse;
        private readonly nuint free, releasable;
    }
}
