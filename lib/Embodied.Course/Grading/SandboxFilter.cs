using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Embodied.Course.Grading;

/// <summary>
/// The program that the kernel runs before every system call in a <see cref="Sandbox"/> (seccomp). It refuses what no notebook needs
/// and what namespaces leave open: further namespaces, mounts, tracing, memory that belongs to no process, and rarely used doors
/// into the kernel.
/// </summary>
internal static class SandboxFilter
{
    private const ushort Load = 0x20, JumpIfEqual = 0x15, JumpIfAtLeast = 0x35, JumpIfSet = 0x45, Return = 0x06;
    private const uint Allow = 0x7FFF0000, Kill = 0x80000000, Refuse = 0x00050000;
    private const uint NotPermitted = Refuse | 1, NotThere = Refuse | 38, NoSuchFamily = Refuse | 97;
    private const uint Number = 0, Machine = 4, FirstArgument = 16;
    private const uint NewNamespaces = 0x7E020000;

    /// <summary>Whether there is a program for this machine's processor.</summary>
    public static bool IsKnown => RuntimeInformation.OSArchitecture is Architecture.X64 or Architecture.Arm64;

    /// <summary>The program, as an array of <c>struct sock_filter</c>.</summary>
    public static byte[] Program()
    {
        bool x64 = RuntimeInformation.OSArchitecture == Architecture.X64;
        Calls calls = x64 ? Calls.X64 : Calls.Arm64;
        List<byte> program = [];
        Add(Load, 0, 0, Machine);
        Add(JumpIfEqual, 1, 0, calls.Machine);
        Add(Return, 0, 0, Kill);
        Add(Load, 0, 0, Number);
        if (x64)
        {
            // The same calls under other numbers (x32).
            Add(JumpIfAtLeast, 0, 1, 0x40000000);
            Add(Return, 0, 0, Kill);
        }
        foreach (uint call in calls.Refused)
        {
            Add(JumpIfEqual, 0, 1, call);
            Add(Return, 0, 0, NotPermitted);
        }
        // Its flags lie in memory that a filter cannot read; the C library falls back to clone.
        Add(JumpIfEqual, 0, 1, calls.Fork3);
        Add(Return, 0, 0, NotThere);
        Add(JumpIfEqual, 0, 4, calls.Fork);
        Add(Load, 0, 0, FirstArgument);
        Add(JumpIfSet, 0, 1, NewNamespaces);
        Add(Return, 0, 0, NotPermitted);
        Add(Return, 0, 0, Allow);
        // Unix and internet sockets see no network here; other families, such as a virtual machine's line to its host, know no namespaces.
        Add(JumpIfEqual, 0, 5, calls.Socket);
        Add(Load, 0, 0, FirstArgument);
        Add(JumpIfEqual, 3, 0, 1);
        Add(JumpIfEqual, 2, 0, 2);
        Add(JumpIfEqual, 1, 0, 10);
        Add(Return, 0, 0, NoSuchFamily);
        Add(Return, 0, 0, Allow);
        return [.. program];

        void Add(ushort code, byte ifTrue, byte ifFalse, uint operand)
        {
            Span<byte> instruction = stackalloc byte[8];
            BinaryPrimitives.WriteUInt16LittleEndian(instruction, code);
            (instruction[2], instruction[3]) = (ifTrue, ifFalse);
            BinaryPrimitives.WriteUInt32LittleEndian(instruction[4..], operand);
            program.AddRange(instruction);
        }
    }

    private sealed record Calls(uint Machine, uint Fork, uint Fork3, uint Socket, IReadOnlyList<uint> Refused)
    {
        // New calls have the same numbers everywhere: open_tree … fspick, mount_setattr, quotactl_fd, memfd_secret, io_uring_*.
        private static readonly uint[] Common = [428, 429, 430, 431, 432, 433, 442, 443, 447, 425, 426, 427];

        public static Calls X64 { get; } = new(0xC000003E, 56, 435, 41,
        [
            .. Common,
            101, 310, 311, 312, // ptrace, process_vm_readv, process_vm_writev, kcmp
            272, 308, 165, 166, 155, 161, // unshare, setns, mount, umount2, pivot_root, chroot
            321, 298, 323, 248, 249, 250, // bpf, perf_event_open, userfaultfd, add_key, request_key, keyctl
            319, 29, 30, 68, 64, 240, // memfd_create, shmget, shmat, msgget, semget, mq_open
            246, 320, 175, 313, 176, // kexec_load, kexec_file_load, init_module, finit_module, delete_module
            303, 304, 300, // name_to_handle_at, open_by_handle_at, fanotify_init
            167, 168, 169, 179, 163, 103, 153, // swapon, swapoff, reboot, quotactl, acct, syslog, vhangup
            164, 227, 305, 159, 170, 171, // settimeofday, clock_settime, clock_adjtime, adjtimex, sethostname, setdomainname
            172, 173, 134, 154, 256, 279, // iopl, ioperm, uselib, modify_ldt, migrate_pages, move_pages
        ]);

        public static Calls Arm64 { get; } = new(0xC00000B7, 220, 435, 198,
        [
            .. Common,
            117, 270, 271, 272, // ptrace, process_vm_readv, process_vm_writev, kcmp
            97, 268, 40, 39, 41, 51, // unshare, setns, mount, umount2, pivot_root, chroot
            280, 241, 282, 217, 218, 219, // bpf, perf_event_open, userfaultfd, add_key, request_key, keyctl
            279, 194, 196, 186, 190, 180, // memfd_create, shmget, shmat, msgget, semget, mq_open
            104, 294, 105, 273, 106, // kexec_load, kexec_file_load, init_module, finit_module, delete_module
            264, 265, 262, // name_to_handle_at, open_by_handle_at, fanotify_init
            224, 225, 142, 60, 89, 116, 58, // swapon, swapoff, reboot, quotactl, acct, syslog, vhangup
            170, 112, 266, 171, 161, 162, // settimeofday, clock_settime, clock_adjtime, adjtimex, sethostname, setdomainname
            238, 239, // migrate_pages, move_pages
        ]);
    }
}
