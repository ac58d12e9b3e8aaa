namespace Embodied;

/// <summary>A row of a training's curve.</summary>
public interface ICurvePoint
{
    /// <summary>Updates done.</summary>
    int Update { get; }

    /// <summary>The row as a line of a table, numbers as they are written everywhere.</summary>
    string ToCsv();
}
