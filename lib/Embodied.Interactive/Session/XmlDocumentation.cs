using System.Globalization;
using System.Xml;
using System.Xml.Linq;
using Microsoft.CodeAnalysis;

namespace Embodied.Interactive.Session;

/// <summary>An assembly's XML documentation, read when it is first asked for.</summary>
/// <param name="path">The XML file beside the assembly, or where the SDK keeps it.</param>
internal sealed class XmlDocumentation(string path) : DocumentationProvider
{
    private readonly Lazy<Dictionary<string, string>> members = new(() => Read(path));
    private readonly string path = path;

    protected override string? GetDocumentationForSymbol(string documentationMemberID, CultureInfo preferredCulture, CancellationToken cancellationToken = default) =>
        members.Value.GetValueOrDefault(documentationMemberID);

    public override bool Equals(object? obj) => obj is XmlDocumentation other && other.path == path;

    public override int GetHashCode() => path.GetHashCode(StringComparison.Ordinal);

    private static Dictionary<string, string> Read(string path)
    {
        Dictionary<string, string> found = [];
        try
        {
            using XmlReader reader = XmlReader.Create(path);
            reader.MoveToContent();
            while (!reader.EOF)
            {
                if (reader.NodeType == XmlNodeType.Element && reader.Name == "member" && reader.GetAttribute("name") is { } name)
                {
                    found[name] = ((XElement)XNode.ReadFrom(reader)).ToString(SaveOptions.DisableFormatting);
                }
                else
                {
                    reader.Read();
                }
            }
        }
        catch (Exception e) when (e is XmlException or IOException)
        {
            // What could be read serves; documentation is a help and no condition.
        }
        return found;
    }
}
