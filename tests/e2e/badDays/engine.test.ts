import { describeEngine } from "../engine";
import { describeBadDays } from "./badDays";

describeEngine("by Pulumi's engine", () => {
    describeBadDays({ stack: "bad-days-engine", options: [], ownTime: 30, givesUp: false });
});
