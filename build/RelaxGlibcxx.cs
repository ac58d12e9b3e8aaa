using System;
using System.IO;
using System.Text;
using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;

/// <summary>
/// Rewrites a 64-bit little-endian ELF library so that its need for GLIBCXX_3.4.32 becomes one for GLIBCXX_3.4.30, which it
/// also needs: the entry in .gnu.version_r gets the hash and name offset of its neighbour. A library without the need is left alone.
/// </summary>
public class RelaxGlibcxx : Task
{
    private const string Unmet = "GLIBCXX_3.4.32";
    private const string Met = "GLIBCXX_3.4.30";
    private const uint VersionNeeds = 0x6ffffffe; // SHT_GNU_verneed

    public string Library { get; set; }

    public override bool Execute()
    {
        byte[] elf = File.ReadAllBytes(Library);
        if (elf.Length < 64 || elf[0] != 0x7f || elf[1] != 'E' || elf[4] != 2 || elf[5] != 1)
        {
            Log.LogError("{0} is not a 64-bit little-endian ELF library.", Library);
            return false;
        }

        int sections = (int)BitConverter.ToInt64(elf, 0x28);
        int sectionSize = BitConverter.ToUInt16(elf, 0x3a);
        int sectionCount = BitConverter.ToUInt16(elf, 0x3c);
        for (int i = 0; i < sectionCount; i++)
        {
            int header = sections + i * sectionSize;
            if (BitConverter.ToUInt32(elf, header + 4) == VersionNeeds)
            {
                int needs = (int)BitConverter.ToInt64(elf, header + 0x18);
                int fileCount = BitConverter.ToInt32(elf, header + 0x2c);
                int strings = sections + BitConverter.ToInt32(elf, header + 0x28) * sectionSize;
                return Relax(elf, needs, fileCount, (int)BitConverter.ToInt64(elf, strings + 0x18));
            }
        }
        return true;
    }

    private bool Relax(byte[] elf, int needs, int fileCount, int strings)
    {
        for (int file = 0, at = needs; file < fileCount; file++, at += BitConverter.ToInt32(elf, at + 12))
        {
            int unmet = -1, met = -1;
            int entry = at + BitConverter.ToInt32(elf, at + 8);
            for (int k = BitConverter.ToUInt16(elf, at + 2); k > 0; k--, entry += BitConverter.ToInt32(elf, entry + 12))
            {
                string name = NameAt(elf, strings + BitConverter.ToInt32(elf, entry + 8));
                unmet = name == Unmet ? entry : unmet;
                met = name == Met ? entry : met;
            }
            if (unmet >= 0 && met < 0)
            {
                Log.LogError("{0} needs {1} but not {2}: the cure for older systems has to be revised.", Library, Unmet, Met);
                return false;
            }
            if (unmet >= 0)
            {
                Buffer.BlockCopy(elf, met, elf, unmet, 4);         // vna_hash
                Buffer.BlockCopy(elf, met + 8, elf, unmet + 8, 4); // vna_name
                Replace(elf);
                return true;
            }
        }
        return true;
    }

    private static string NameAt(byte[] elf, int offset)
    {
        int end = Array.IndexOf(elf, (byte)0, offset);
        return Encoding.ASCII.GetString(elf, offset, end - offset);
    }

    private void Replace(byte[] elf)
    {
        // The time stamp stays the package's: then the next build sees an unchanged file and does not copy it again.
        DateTime stamp = File.GetLastWriteTimeUtc(Library);
        string beside = Library + ".partial";
        File.WriteAllBytes(beside, elf);
        File.SetLastWriteTimeUtc(beside, stamp);
        File.Delete(Library);
        File.Move(beside, Library);
        Log.LogMessage(MessageImportance.Low, "{0} now loads where libstdc++ ends at {1}.", Library, Met);
    }
}
