using Embodied.Course;
using Embodied.Course.Commands;
using Embodied.Course.Doctor;
using Embodied.Course.Kernel;
using Embodied.Interactive.Running;

// Commands that programs call start before anything else is loaded.
return args switch
{
    [CourseProcess.Worker, ..] => SessionWorker.Run(args[1..]),
    [CourseProcess.Probe, var name] => NativeProbe.Run(name),
    ["kernel", "start", var connectionFile] => await KernelProcess.RunAsync(connectionFile),
    _ => await CourseCommandLine.InvokeAsync(args),
};
