using Embodied.Course.Doctor;

namespace Embodied.Notebooks.Tests.Commands;

public sealed class DoctorTests
{
    [Theory]
    [InlineData("10.0.100", Grade.Good)]
    [InlineData("11.0.100-preview.1", Grade.Good)]
    [InlineData("9.0.305", Grade.Bad)]
    [InlineData(null, Grade.Bad)]
    public void An_old_or_absent_sdk_is_told_with_its_cure(string? version, Grade grade)
    {
        Check check = Examination.Sdk(version);
        Assert.Equal(grade, check.Grade);
        Assert.Equal(grade == Grade.Bad, check.Cure is not null);
    }

    [Fact]
    public void Too_little_disk_or_memory_is_told_with_its_cure()
    {
        Assert.Equal(Grade.Good, Examination.Disk("/", 3L << 30).Grade);
        Assert.Equal((Grade.Bad, true), Graded(Examination.Disk("/", 1L << 30)));
        Assert.Equal(Grade.Good, Examination.Memory(8L << 30).Grade);
        Assert.Equal((Grade.Bad, true), Graded(Examination.Memory(2L << 30)));
    }

    [Fact]
    public void Missing_or_changed_data_are_told_by_name()
    {
        string folder = Directory.CreateTempSubdirectory("doctor-").FullName;
        try
        {
            Assert.Equal(Grade.Bad, Examination.Data(folder).Grade);
            string data = Directory.CreateDirectory(Path.Combine(folder, "data")).FullName;
            File.WriteAllText(Path.Combine(data, "a.txt"), "abc");
            File.WriteAllText(Path.Combine(data, "SHA256SUMS"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  a.txt\n");
            Assert.Equal(Grade.Good, Examination.Data(folder).Grade);
            File.WriteAllText(Path.Combine(data, "a.txt"), "abd");
            Assert.Contains("a.txt", Examination.Data(folder).Finding, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static (Grade, bool) Graded(Check check) => (check.Grade, check.Cure is not null);
}
