namespace Embodied.Interactive.Running;

/// <summary>What a run reports of itself while it goes on.</summary>
/// <param name="Cell">The code cell, numbered from 1.</param>
/// <param name="Cells">How many code cells the notebook has.</param>
public abstract record RunEvent(int Cell, int Cells);

/// <summary>A cell begins.</summary>
/// <param name="Cell">The code cell, numbered from 1.</param>
/// <param name="Cells">How many code cells the notebook has.</param>
/// <param name="Title">The cell's first telling line of code.</param>
public sealed record CellStarted(int Cell, int Cells, string Title) : RunEvent(Cell, Cells);

/// <summary>A running cell renewed a display, such as a progress bar.</summary>
/// <param name="Cell">The code cell, numbered from 1.</param>
/// <param name="Cells">How many code cells the notebook has.</param>
/// <param name="Text">The display's plain text, first line.</param>
public sealed record CellProgressed(int Cell, int Cells, string Text) : RunEvent(Cell, Cells);

/// <summary>A cell ended.</summary>
/// <param name="Cell">The code cell, numbered from 1.</param>
/// <param name="Cells">How many code cells the notebook has.</param>
/// <param name="Run">How it went.</param>
public sealed record CellFinished(int Cell, int Cells, CellRun Run) : RunEvent(Cell, Cells);
