namespace Embodied;

/// <summary>A training that can be saved between two updates and goes on from there exactly as if it had not been interrupted.</summary>
public interface IResumableTraining : IDisposable
{
    /// <summary>Updates done.</summary>
    int Step { get; }

    /// <summary>Saves everything that it takes to go on: networks, optimiser, generator, step.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="IOException">The file cannot be written.</exception>
    void Save(string path);

    /// <summary>Goes on from where a training of the same options was saved.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is truncated, or of another architecture.</exception>
    void Load(string path);
}
