/** Whether the server answers questions: the page is not shown before it does. */
export const isAskOffered: boolean = false;
