import { PolicyPack } from "@pulumi/policy";
import { policyOf } from "./pack";
import { rules } from "./rules";

new PolicyPack("bookinfo-mesh", { policies: rules.map(policyOf) });
