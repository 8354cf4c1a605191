import { describeWithPulumi } from "../engine";
import { describeFailures } from "./failures";

describeWithPulumi("failures with Pulumi's engine", () => {
    describeFailures({ stack: "failures-engine", options: [], overhead: 30, failsEarly: false });
});
