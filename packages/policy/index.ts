import { PolicyPack } from "@pulumi/policy";
import { policyOf, stackPolicyOf } from "./pack";
import { rules, stackRules } from "./rules";

new PolicyPack("bookinfo-mesh", { policies: [...rules.map(policyOf), ...stackRules.map(stackPolicyOf)] });
