using Embodied.Course;
using Embodied.Course.Commands;
using Embodied.Course.Doctor;
using Embodied.Interactive.Running;

// Two commands serve the course itself, and start before anything else is loaded.
return args switch
{
    [CourseProcess.Worker, ..] => SessionWorker.Run(args[1..]),
    [CourseProcess.Probe, var name] => NativeProbe.Run(name),
    _ => await CourseCommandLine.InvokeAsync(args),
};
