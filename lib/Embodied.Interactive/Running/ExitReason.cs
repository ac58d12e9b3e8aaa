namespace Embodied.Interactive.Running;

/// <summary>Puts a process's exit code into words.</summary>
internal static class ExitReason
{
    /// <summary>What <paramref name="exitCode"/> says; on Unix, codes above 128 are signals.</summary>
    public static string Describe(int exitCode) => OperatingSystem.IsWindows()
        ? unchecked((uint)exitCode) switch
        {
            0xC00000FD => "the stack overflowed",
            0xC0000005 => "native code touched memory that is not its own",
            0x80131623 => "Environment.FailFast was called",
            0xC0000409 => "native code aborted",
            uint code => FormattableString.Invariant($"exit code {(int)code}"),
        }
        : (exitCode - 128) switch
        {
            4 => "an illegal instruction (SIGILL)",
            6 => "it aborted (SIGABRT), as Environment.FailFast, a stack overflow or a native assertion does",
            7 => "a bus error (SIGBUS)",
            8 => "an arithmetic fault (SIGFPE)",
            9 => "it was killed (SIGKILL), as the system does when its memory runs out",
            11 => "native code touched memory that is not its own (SIGSEGV)",
            15 => "it was asked to end (SIGTERM)",
            > 0 and < 65 => FormattableString.Invariant($"signal {exitCode - 128}"),
            _ => FormattableString.Invariant($"exit code {exitCode}"),
        };
}
