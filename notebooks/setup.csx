// Brings the compiled course library into a notebook: `#load "setup.csx"` in its first cell. Build once before: dotnet build -c Release
#r "../lib/Embodied.Course/bin/Release/net10.0/FSharp.Core.dll"
#r "../lib/Embodied.Course/bin/Release/net10.0/DynamicObj.dll"
#r "../lib/Embodied.Course/bin/Release/net10.0/Plotly.NET.dll"
#r "../lib/Embodied.Course/bin/Release/net10.0/SkiaSharp.dll"
#r "../lib/Embodied.Course/bin/Release/net10.0/TorchSharp.dll"
#r "../lib/Embodied.Course/bin/Release/net10.0/Microsoft.ML.OnnxRuntime.dll"
#r "../lib/Embodied.Course/bin/Release/net10.0/Embodied.dll"
#r "../lib/Embodied.Course/bin/Release/net10.0/Embodied.Interactive.dll"

Embodied.Interactive.Display.Formatters.Register();
