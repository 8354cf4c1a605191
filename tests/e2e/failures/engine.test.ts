import { describeEngine } from "../engine";
import { describeBadDays } from "./failures";

describeEngine("by Pulumi's engine", () => {
    describeBadDays({ stack: "bad-days-engine", options: [], ownTime: 30, givesUp: false });
});
