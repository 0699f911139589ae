/* eslint-disable */
import * as types from './graphql';
import type { TypedDocumentNode as DocumentNode } from '@graphql-typed-document-node/core';

/**
 * Map of all GraphQL operations in the project.
 *
 * This map has several performance disadvantages:
 * 1. It is not tree-shakeable, so it will include all operations in the project.
 * 2. It is not minifiable, so the string of a GraphQL query will be multiple times inside the bundle.
 * 3. It does not support dead code elimination, so it will add unused operations.
 *
 * Therefore it is highly recommended to use the babel or swc plugin for production.
 * Learn more about it here: https://the-guild.dev/graphql/codegen/plugins/presets/preset-client#reducing-bundle-size
 */
type Documents = {
    "mutation SignIn($input: SignInInput!) {\n  signIn(input: $input) {\n    viewer {\n      id\n    }\n  }\n}\n\nmutation SignUp($input: SignUpInput!) {\n  signUp(input: $input) {\n    viewer {\n      id\n    }\n  }\n}\n\nmutation RequestPasswordReset($email: String!) {\n  requestPasswordReset(email: $email)\n}\n\nmutation ResetPassword($token: String!, $password: String!) {\n  resetPassword(token: $token, password: $password)\n}\n\nmutation VerifyEmail($token: String!) {\n  verifyEmail(token: $token)\n}": typeof types.SignInDocument,
    "query PriceList {\n  models {\n    id\n    name\n    provider\n    contextWindow\n    available\n    inputPricePerMillion\n    outputPricePerMillion\n    minimumCharge\n  }\n  modelAliases {\n    name\n    model\n  }\n}\n\nquery WhatADepositGives($quota: USD!) {\n  depositQuote(quota: $quota) {\n    quota\n    feeRate\n    credits\n  }\n  providers {\n    key\n    name\n  }\n}": typeof types.PriceListDocument,
    "mutation Reauthenticate($password: String!, $code: String) {\n  reauthenticate(password: $password, code: $code)\n}": typeof types.ReauthenticateDocument,
    "query Viewer {\n  viewer {\n    id\n    displayName\n    email\n    roles\n    status\n    emailVerifiedAt\n    wallet {\n      id\n      available\n      held\n      owed\n      vesting\n    }\n  }\n}\n\nsubscription WalletChanged {\n  walletChanged {\n    id\n    available\n    held\n    owed\n    vesting\n  }\n}\n\nmutation SignOut {\n  signOut\n}": typeof types.ViewerDocument,
};
const documents: Documents = {
    "mutation SignIn($input: SignInInput!) {\n  signIn(input: $input) {\n    viewer {\n      id\n    }\n  }\n}\n\nmutation SignUp($input: SignUpInput!) {\n  signUp(input: $input) {\n    viewer {\n      id\n    }\n  }\n}\n\nmutation RequestPasswordReset($email: String!) {\n  requestPasswordReset(email: $email)\n}\n\nmutation ResetPassword($token: String!, $password: String!) {\n  resetPassword(token: $token, password: $password)\n}\n\nmutation VerifyEmail($token: String!) {\n  verifyEmail(token: $token)\n}": types.SignInDocument,
    "query PriceList {\n  models {\n    id\n    name\n    provider\n    contextWindow\n    available\n    inputPricePerMillion\n    outputPricePerMillion\n    minimumCharge\n  }\n  modelAliases {\n    name\n    model\n  }\n}\n\nquery WhatADepositGives($quota: USD!) {\n  depositQuote(quota: $quota) {\n    quota\n    feeRate\n    credits\n  }\n  providers {\n    key\n    name\n  }\n}": types.PriceListDocument,
    "mutation Reauthenticate($password: String!, $code: String) {\n  reauthenticate(password: $password, code: $code)\n}": types.ReauthenticateDocument,
    "query Viewer {\n  viewer {\n    id\n    displayName\n    email\n    roles\n    status\n    emailVerifiedAt\n    wallet {\n      id\n      available\n      held\n      owed\n      vesting\n    }\n  }\n}\n\nsubscription WalletChanged {\n  walletChanged {\n    id\n    available\n    held\n    owed\n    vesting\n  }\n}\n\nmutation SignOut {\n  signOut\n}": types.ViewerDocument,
};

/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 *
 *
 * @example
 * ```ts
 * const query = graphql(`query GetUser($id: ID!) { user(id: $id) { name } }`);
 * ```
 *
 * The query argument is unknown!
 * Please regenerate the types.
 */
export function graphql(source: string): unknown;

/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "mutation SignIn($input: SignInInput!) {\n  signIn(input: $input) {\n    viewer {\n      id\n    }\n  }\n}\n\nmutation SignUp($input: SignUpInput!) {\n  signUp(input: $input) {\n    viewer {\n      id\n    }\n  }\n}\n\nmutation RequestPasswordReset($email: String!) {\n  requestPasswordReset(email: $email)\n}\n\nmutation ResetPassword($token: String!, $password: String!) {\n  resetPassword(token: $token, password: $password)\n}\n\nmutation VerifyEmail($token: String!) {\n  verifyEmail(token: $token)\n}"): (typeof documents)["mutation SignIn($input: SignInInput!) {\n  signIn(input: $input) {\n    viewer {\n      id\n    }\n  }\n}\n\nmutation SignUp($input: SignUpInput!) {\n  signUp(input: $input) {\n    viewer {\n      id\n    }\n  }\n}\n\nmutation RequestPasswordReset($email: String!) {\n  requestPasswordReset(email: $email)\n}\n\nmutation ResetPassword($token: String!, $password: String!) {\n  resetPassword(token: $token, password: $password)\n}\n\nmutation VerifyEmail($token: String!) {\n  verifyEmail(token: $token)\n}"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "query PriceList {\n  models {\n    id\n    name\n    provider\n    contextWindow\n    available\n    inputPricePerMillion\n    outputPricePerMillion\n    minimumCharge\n  }\n  modelAliases {\n    name\n    model\n  }\n}\n\nquery WhatADepositGives($quota: USD!) {\n  depositQuote(quota: $quota) {\n    quota\n    feeRate\n    credits\n  }\n  providers {\n    key\n    name\n  }\n}"): (typeof documents)["query PriceList {\n  models {\n    id\n    name\n    provider\n    contextWindow\n    available\n    inputPricePerMillion\n    outputPricePerMillion\n    minimumCharge\n  }\n  modelAliases {\n    name\n    model\n  }\n}\n\nquery WhatADepositGives($quota: USD!) {\n  depositQuote(quota: $quota) {\n    quota\n    feeRate\n    credits\n  }\n  providers {\n    key\n    name\n  }\n}"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "mutation Reauthenticate($password: String!, $code: String) {\n  reauthenticate(password: $password, code: $code)\n}"): (typeof documents)["mutation Reauthenticate($password: String!, $code: String) {\n  reauthenticate(password: $password, code: $code)\n}"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "query Viewer {\n  viewer {\n    id\n    displayName\n    email\n    roles\n    status\n    emailVerifiedAt\n    wallet {\n      id\n      available\n      held\n      owed\n      vesting\n    }\n  }\n}\n\nsubscription WalletChanged {\n  walletChanged {\n    id\n    available\n    held\n    owed\n    vesting\n  }\n}\n\nmutation SignOut {\n  signOut\n}"): (typeof documents)["query Viewer {\n  viewer {\n    id\n    displayName\n    email\n    roles\n    status\n    emailVerifiedAt\n    wallet {\n      id\n      available\n      held\n      owed\n      vesting\n    }\n  }\n}\n\nsubscription WalletChanged {\n  walletChanged {\n    id\n    available\n    held\n    owed\n    vesting\n  }\n}\n\nmutation SignOut {\n  signOut\n}"];

export function graphql(source: string) {
  return (documents as any)[source] ?? {};
}

export type DocumentType<TDocumentNode extends DocumentNode<any, any>> = TDocumentNode extends DocumentNode<  infer TType,  any>  ? TType  : never;